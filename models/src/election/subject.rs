//! `raft-election` on the command line.

use std::io::BufRead;
use std::net::SocketAddr;

use althing::raft::election::invariants::Elections;

use super::mutants::{Broken, MUTANTS, Mutant};
use super::{ENDLESS_TERMS, KEYS, Server, cluster, liveness, model};
use crate::bounds::{Bounds, BoundsError, Key};
use crate::check::Searcher;
use crate::cluster::Cluster;
use crate::explore;
use crate::limits::Limits;
use crate::subject::{
    LivenessSummary, MutantInfo, ReplayError, Subject, Summary, liveness_summary, replay, summary,
};
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
        profiles(&[
            ("one-server", &[("nodes", 1), ("terms", 3), ("crashes", 2)]),
            (
                "two-servers",
                &[("nodes", 2), ("terms", 3), ("crashes", 1), ("pre_vote", 1), ("check_quorum", 1)],
            ),
            ("three-terms", &[("nodes", 3), ("terms", 3)]),
            ("three-terms-check-quorum", &[("nodes", 3), ("terms", 3), ("check_quorum", 1), ("symmetry", 1)]),
            ("faults", &[("nodes", 3), ("terms", 2), ("crashes", 1)]),
            (
                "faults-pre-vote",
                &[("nodes", 3), ("terms", 2), ("crashes", 1), ("pre_vote", 1), ("symmetry", 1)],
            ),
            (
                "faults-check-quorum",
                &[("nodes", 3), ("terms", 2), ("crashes", 1), ("check_quorum", 1), ("symmetry", 1)],
            ),
            (
                "faults-both",
                &[
                    ("nodes", 3),
                    ("terms", 2),
                    ("crashes", 1),
                    ("pre_vote", 1),
                    ("check_quorum", 1),
                    ("symmetry", 1),
                ],
            ),
            (
                "counted-faults",
                &[
                    ("nodes", 3),
                    ("terms", 1),
                    ("crashes", 1),
                    ("in_flight", 1),
                    ("losses", 1),
                    ("duplicates", 1),
                    ("cuts", 1),
                ],
            ),
            ("outdated", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("credentials", 2)]),
            (
                "outdated-pre-vote",
                &[("nodes", 3), ("terms", 1), ("crashes", 1), ("credentials", 3), ("pre_vote", 1)],
            ),
            ("four-servers", &[("nodes", 4), ("terms", 1)]),
            (
                "four-servers-both",
                &[("nodes", 4), ("terms", 1), ("pre_vote", 1), ("check_quorum", 1), ("symmetry", 1)],
            ),
            ("four-servers-two-terms", &[("nodes", 4), ("terms", 2), ("check_quorum", 1), ("symmetry", 1)]),
            ("five-servers", &[("nodes", 5), ("terms", 2), ("symmetry", 1)]),
            (
                "five-servers-check-quorum",
                &[("nodes", 5), ("terms", 1), ("check_quorum", 1), ("symmetry", 1)],
            ),
        ])
    }

    fn full(&self) -> Vec<(&'static str, Bounds)> {
        profiles(&[
            ("four-terms", &[("nodes", 3), ("terms", 4), ("crashes", 2), ("symmetry", 1)]),
            (
                "counted-faults-two-terms",
                &[
                    ("nodes", 3),
                    ("terms", 2),
                    ("crashes", 1),
                    ("in_flight", 1),
                    ("losses", 1),
                    ("duplicates", 1),
                ],
            ),
            ("five-servers-crash", &[("nodes", 5), ("terms", 2), ("crashes", 1), ("symmetry", 1)]),
            ("five-servers-two-terms", &[("nodes", 5), ("terms", 2), ("check_quorum", 1), ("symmetry", 1)]),
        ])
    }

    /// A fit of the logarithm of the number of states, by least squares, to some 110 explorations: of 2
    /// to 5 servers, 1 to 4 terms, and every fault. It is off by a factor of 3.3 at most.
    fn estimate(&self, bounds: &Bounds) -> f64 {
        let count = |key| bounds.get(key) as f64;
        let more = |key| (1.0 + count(key)).ln();
        let on = |key| f64::from(u8::from(bounds.is_on(key)));
        let (nodes, terms) = (count("nodes"), count("terms"));
        if nodes < 2.0 {
            return 2.0 * (terms + 1.0) * (count("crashes") + 1.0);
        }
        let rounds = nodes * terms;
        // Messages of a kind that there can be, and whether none of them is ever forgotten.
        let (messages, in_flight) = (rounds * (nodes - 1.0), on("in_flight"));
        let unreduced = (1.0 - on("reduce")) * (1.0 - in_flight);
        let renamings: f64 = (1..=bounds.get("nodes")).map(|n| (n as f64).ln()).sum();
        let exponent = 0.6
            + rounds * (0.575 + 0.216 * nodes)
            + on("pre_vote") * (rounds * (0.73 * nodes - 1.3) + messages * 0.674 * (unreduced + in_flight))
            + messages * (0.143 * on("check_quorum") + 0.428 * unreduced + 0.247 * in_flight)
            + nodes * (0.68 * more("crashes") + 0.68 * count("credentials").ln())
            + nodes * (0.55 * more("losses") + 0.69 * more("duplicates") + 0.7 * more("cuts"))
            - on("symmetry") * renamings;
        exponent.min(690.0).exp() // About the largest number that there is.
    }

    fn advice(&self, bounds: &Bounds, most: f64) -> String {
        let (nodes, terms) = (bounds.get("nodes"), bounds.get("terms"));
        // More terms than this fit nowhere, and a thousand million are too many to try one by one.
        let smaller = (1..=terms.min(64)).rev().map(|t| (nodes, t)).chain((1..nodes).rev().map(|n| (n, 1)));
        let fits = |(nodes, terms): &(u64, u64)| {
            self.estimate(&bounds.clone().with(&[("nodes", *nodes), ("terms", *terms)])) <= most
        };
        smaller.into_iter().find(fits).map_or_else(
            || "Nothing of this kind would fit".into(),
            |(nodes, terms)| format!("With nodes={nodes},terms={terms} it would fit"),
        )
    }

    fn check(&self, bounds: &Bounds, searcher: Searcher, limits: &Limits) -> Result<Summary, BoundsError> {
        Ok(summary(&model(bounds)?.check_by(searcher, limits), &self.header(bounds, None)))
    }

    fn mutants(&self) -> Vec<MutantInfo> {
        let unreduced = |mutant: &Mutant| MutantInfo {
            bounds: Bounds::new(&KEYS).with(&[("reduce", 0)]).with(mutant.bounds),
            ..info(mutant)
        };
        MUTANTS.iter().map(unreduced).collect()
    }

    fn check_mutant(&self, mutant: &MutantInfo, limits: &Limits) -> Result<Summary, BoundsError> {
        let limits = Limits { until: Some(mutant.expected), ..limits.clone() };
        let header = self.header(&mutant.bounds, Some(mutant.name));
        Ok(summary(&mutated(find(mutant.name), &mutant.bounds)?.check(&limits), &header))
    }

    fn liveness_profiles(&self) -> Vec<(&'static str, Bounds)> {
        profiles(&[
            ("plain", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("symmetry", 1)]),
            ("pre-vote", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("pre_vote", 1), ("symmetry", 1)]),
            (
                "check-quorum",
                &[("nodes", 3), ("terms", 2), ("crashes", 1), ("check_quorum", 1), ("symmetry", 1)],
            ),
            (
                "both",
                &[
                    ("nodes", 3),
                    ("terms", 2),
                    ("crashes", 1),
                    ("pre_vote", 1),
                    ("check_quorum", 1),
                    ("symmetry", 1),
                ],
            ),
            ("outdated", &[("nodes", 3), ("terms", 2), ("crashes", 1), ("credentials", 2)]),
            ("two-servers", &[("nodes", 2), ("terms", 3), ("pre_vote", 1), ("check_quorum", 1)]),
            ("four-servers", &[("nodes", 4), ("terms", 1), ("crashes", 1), ("symmetry", 1)]),
            (
                "four-servers-check-quorum",
                &[("nodes", 4), ("terms", 1), ("check_quorum", 1), ("symmetry", 1)],
            ),
        ])
    }

    fn liveness_mutants(&self) -> Vec<MutantInfo> {
        liveness::MUTANTS.iter().map(info).collect()
    }

    fn check_liveness(
        &self,
        bounds: &Bounds,
        mutant: Option<&MutantInfo>,
        limits: &Limits,
    ) -> Result<LivenessSummary, BoundsError> {
        // After faults have ended no term is the last.
        let header = self.header(&bounds.clone().with(&[("terms", ENDLESS_TERMS)]), mutant.map(|m| m.name));
        Ok(match mutant {
            None => liveness_summary(&model(bounds)?.check_liveness(limits), &header),
            Some(mutant) => {
                liveness_summary(&mutated(find(mutant.name), bounds)?.check_liveness(limits), &header)
            }
        })
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
                    known: all_mutants().map(|mutant| mutant.name).collect(),
                };
                let mutant = all_mutants().find(|mutant| mutant.name == name).ok_or_else(unknown)?;
                replay(&mutated(mutant, &bounds)?, header, file)
            }
        }
    }
}

fn profiles(profiles: &[(&'static str, &[(&str, u64)])]) -> Vec<(&'static str, Bounds)> {
    profiles.iter().map(|(name, values)| (*name, Bounds::new(&KEYS).with(values))).collect()
}

fn mutated(mutant: &Mutant, bounds: &Bounds) -> Result<Cluster<Server<Broken>, Elections>, BoundsError> {
    cluster(bounds, mutant.rules, (mutant.tamper)())
}

fn info(mutant: &Mutant) -> MutantInfo {
    MutantInfo {
        name: mutant.name,
        rule: mutant.rule,
        expected: mutant.expected,
        bounds: Bounds::new(&KEYS).with(mutant.bounds),
    }
}

fn all_mutants() -> impl Iterator<Item = &'static Mutant> {
    MUTANTS.iter().chain(&liveness::MUTANTS)
}

/// The mutant of this name, which came from [`Subject::mutants`] or [`Subject::liveness_mutants`].
fn find(name: &str) -> &'static Mutant {
    all_mutants().find(|mutant| mutant.name == name).unwrap_or_else(|| panic!("no mutant `{name}`"))
}
