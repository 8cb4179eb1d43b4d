//! Files that a command reads and writes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::Refused;
use crate::text::one_line;

/// What is in the file, or on standard input for `-`: up to `most` bytes, and one more if there is more.
pub(super) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Refused> {
    let (mut text, most) = (Vec::new(), most as u64 + 1);
    let all = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut text))
    };
    all.map(|_| text).map_err(|error| refused(path, error))
}

/// Writes a picture, whole or not at all.
pub(super) fn write_plot(path: &Path, svg: &str) -> Result<(), Refused> {
    write_whole(path, svg.as_bytes()).map_err(|error| refused(path, format!("cannot be written: {error}")))
}

/// What is wrong with a file, or with what is in it.
pub(super) fn refused(path: &Path, reason: impl ToString) -> Refused {
    Refused::File { path: one_line(&path.display().to_string()), reason: reason.to_string() }
}

/// The file as a whole, or as it was. What is no file, such as a pipe, is written as it is.
fn write_whole(path: &Path, text: &[u8]) -> io::Result<()> {
    if path.metadata().is_ok_and(|it| !it.is_file()) {
        return File::options().write(true).open(path)?.write_all(text);
    }
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    File::create_new(&part).and_then(|mut file| {
        let whole = file.write_all(text).and_then(|()| file.sync_all());
        whole.and_then(|()| std::fs::rename(&part, path)).inspect_err(|_| {
            let _ = std::fs::remove_file(&part); // What went wrong before is what counts.
        })
    })
}
