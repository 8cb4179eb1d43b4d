//! `raft-election` on the command line.

use std::io::BufRead;
use std::net::SocketAddr;

use althing::raft::invariants::Elections;

use super::mutants::{Broken, MUTANTS, Mutant};
use super::{KEYS, Server, cluster, model};
use crate::bounds::{Bounds, BoundsError, Key};
use crate::check::Limits;
use crate::cluster::Cluster;
use crate::explore;
use crate::subject::{MutantInfo, ReplayError, Subject, Summary, replay, summary};
use crate::trace::{Header, Replay};

/// The model `raft-election`.
pub struct RaftElection;

impl Subject for RaftElection {
    fn name(&self) -> &'static str {
        "raft-election"
    }

    fn about(&self) -> &'static str {
        "Raft's leader election, with pre-vote and check-quorum"
    }

    fn keys(&self) -> &'static [Key] {
        &KEYS
    }

    fn quick(&self) -> Vec<(&'static str, Bounds)> {
        let bounds = |values: &[(&str, u64)]| Bounds::new(&KEYS).with(values);
        vec![("one server", bounds(&[("nodes", 1), ("crashes", 2)]))]
    }

    fn full(&self) -> Vec<(&'static str, Bounds)> {
        let bounds = |values: &[(&str, u64)]| Bounds::new(&KEYS).with(values);
        vec![("4 terms, 2 crashes", bounds(&[("nodes", 3), ("terms", 4), ("crashes", 2), ("symmetry", 1)]))]
    }

    fn estimate(&self, _: &Bounds) -> f64 {
        0.0
    }

    fn advice(&self, _: &Bounds, _: f64) -> String {
        String::new()
    }

    fn check(&self, bounds: &Bounds, limits: &Limits) -> Result<Summary, BoundsError> {
        Ok(summary(&model(bounds)?.check(limits), &self.header(bounds, None)))
    }

    fn mutants(&self) -> Vec<MutantInfo> {
        let info = |mutant: &Mutant| MutantInfo {
            name: mutant.name,
            rule: mutant.rule,
            expected: mutant.expected,
            bounds: Bounds::new(&KEYS).with(&[("reduce", 0)]).with(mutant.bounds),
        };
        MUTANTS.iter().map(info).collect()
    }

    fn check_mutant(&self, mutant: &MutantInfo, limits: &Limits) -> Result<Summary, BoundsError> {
        let limits = Limits { until: Some(mutant.expected), ..limits.clone() };
        let header = self.header(&mutant.bounds, Some(mutant.name));
        Ok(summary(&mutated(find(mutant.name), &mutant.bounds)?.check(&limits), &header))
    }

    fn explore(&self, bounds: &Bounds, address: SocketAddr) -> Result<(), BoundsError> {
        explore::serve(model(bounds)?, address);
        Ok(())
    }

    fn replay(&self, header: &Header, file: &mut dyn BufRead) -> Result<Replay, ReplayError> {
        let bounds = Bounds::new(&KEYS).parse(&header.bounds)?;
        match &header.mutant {
            None => replay(&model(&bounds)?, header, file),
            Some(name) => {
                let unknown = || ReplayError::Mutant {
                    name: name.clone(),
                    known: MUTANTS.iter().map(|mutant| mutant.name).collect(),
                };
                let mutant = MUTANTS.iter().find(|mutant| mutant.name == name).ok_or_else(unknown)?;
                replay(&mutated(mutant, &bounds)?, header, file)
            }
        }
    }
}

fn mutated(mutant: &Mutant, bounds: &Bounds) -> Result<Cluster<Server<Broken>, Elections>, BoundsError> {
    cluster(bounds, mutant.rules, (mutant.tamper)())
}

/// The mutant of this name, which came from [`Subject::mutants`].
fn find(name: &str) -> &'static Mutant {
    MUTANTS.iter().find(|mutant| mutant.name == name).unwrap_or_else(|| panic!("no mutant `{name}`"))
}
