//! The variants of `measure`: a codec and an allocator are chosen when it is built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use althing_peers::measure::{Cell, Figures};
use anyhow::{Context, bail, ensure};

/// What is chosen.
pub(crate) struct Variant {
    pub(crate) codec: &'static str,
    pub(crate) allocator: Allocator,
}

/// Whose memory it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Allocator {
    System,
    Jemalloc,
    /// The system's, with a counter: for allocations, not for time.
    Counting,
}

/// All that are built.
pub(crate) const VARIANTS: [Variant; 6] = [
    Variant { codec: "protobuf", allocator: Allocator::System },
    Variant { codec: "protobuf", allocator: Allocator::Jemalloc },
    Variant { codec: "protobuf", allocator: Allocator::Counting },
    Variant { codec: "prost", allocator: Allocator::System },
    Variant { codec: "prost", allocator: Allocator::Jemalloc },
    Variant { codec: "prost", allocator: Allocator::Counting },
];

/// A variant that has been built.
pub(crate) struct Build {
    pub(crate) codec: &'static str,
    pub(crate) allocator: Allocator,
    program: PathBuf,
}

impl Build {
    /// Builds it. The next build would replace it, so it is copied.
    pub(crate) fn new(variant: &Variant) -> anyhow::Result<Self> {
        let &Variant { codec, allocator } = variant;
        let extra = match allocator {
            Allocator::System => "",
            Allocator::Jemalloc => ",jemalloc",
            Allocator::Counting => ",count-allocations",
        };
        let features = format!("{codec}-codec{extra}");
        eprintln!("building measure with {features}");
        let built = cargo(&features)?;
        let folder = built.parent().context("a program has a folder")?.join("variants");
        fs::create_dir_all(&folder)?;
        let program = folder.join(format!("measure-{}", features.replace(',', "-")));
        fs::copy(&built, &program).with_context(|| format!("{} was not built", built.display()))?;
        Ok(Self { codec, allocator, program })
    }

    /// Who takes part, with whom each is compared, whether it depends on the codec, in which cells.
    pub(crate) fn list(&self) -> anyhow::Result<Vec<(String, String, bool, Vec<Cell>)>> {
        let lines = self.run(&["--list"])?;
        lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Measures one cell.
    pub(crate) fn measure(&self, contestant: &str, cell: Cell) -> anyhow::Result<Figures> {
        let Cell { servers, size, batch } = cell;
        let [servers, size, batch] = [servers, size, batch].map(|number| number.to_string());
        let said = self.run(&[contestant, "--servers", &servers, "--size", &size, "--batch", &batch])?;
        Ok(serde_json::from_str(&said)?)
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.program).args(arguments).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{} {arguments:?} failed", self.program.display());
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Has cargo build `measure` with these features, and asks it where that is.
fn cargo(features: &str) -> anyhow::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--bin", "measure", "--no-default-features"])
        .args(["--message-format=json-render-diagnostics", "--features", features, "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the build failed; does it find protoc? See README.md");
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        if let Some(program) = message["executable"].as_str() {
            return Ok(program.into());
        }
    }
    bail!("cargo does not say what it has built")
}
