//! What a protocol says of itself, so that the command line knows it: everything else is the same
//! for all.

use std::io::BufRead;
use std::net::SocketAddr;

use althing::machine::Machine;
use althing::observe::History;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bounds::{Bounds, BoundsError, Key};
use crate::cell::Tamper;
use crate::check::Searcher;
use crate::cluster::Cluster;
use crate::explore;
use crate::limits::Limits;
use crate::subject::{
    LivenessSummary, MutantInfo, ReplayError, Subject, Summary, liveness_summary, replay, summary,
};
use crate::trace::{Header, Line, Replay};

/// Values of some keys; the others have their defaults.
pub type Values = &'static [(&'static str, u64)];

/// Bounds by name.
pub type Profiles = &'static [(&'static str, Values)];

/// A protocol with its models: whoever implements this is a [`Subject`].
pub trait Protocol: Sync {
    /// The machine that ships.
    type Machine: Machine;
    /// The same machine with a rule missing.
    type Mutated: Machine;
    /// Which rule is missing.
    type Missing: Missing;
    /// What observes both.
    type History: History<Self::Machine> + History<Self::Mutated>;

    /// Its names.
    fn catalogue(&self) -> Catalogue<Self::Missing, Self::Mutated>;

    /// The model with these bounds, run by an honest host after the published rules.
    ///
    /// # Errors
    /// [`BoundsError`] if the bounds contradict each other.
    fn model(bounds: &Bounds) -> Result<Cluster<Self::Machine, Self::History>, BoundsError>;

    /// The model with these bounds, without a rule, and with this host.
    ///
    /// # Errors
    /// [`BoundsError`] if the bounds contradict each other.
    fn without(
        bounds: &Bounds,
        missing: Self::Missing,
        tamper: Tamper<Self::Mutated>,
    ) -> Result<Cluster<Self::Mutated, Self::History>, BoundsError>;

    /// About how many states these bounds have. 0: there is no saying, and nothing is refused for
    /// its size.
    fn states(_: &Bounds) -> f64 {
        0.0
    }

    /// Smaller bounds to advise, the largest first: what to change of these.
    fn smaller(_: &Bounds) -> Vec<Vec<(&'static str, u64)>> {
        Vec::new()
    }

    /// The same bounds where nothing is the last of its kind: once faults have ended a run may go
    /// on for ever, and within these its trace can be run again.
    fn endless(bounds: &Bounds) -> Bounds {
        bounds.clone()
    }
}

/// Everything of a protocol that has a name.
pub struct Catalogue<X: 'static, M: Machine> {
    /// Its own.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What bounds it.
    pub keys: &'static [Key],
    /// The bounds that are explored by default, in seconds.
    pub quick: Profiles,
    /// Larger bounds, in minutes.
    pub full: Profiles,
    /// The bounds in which it is checked that goals are reached.
    pub liveness: Profiles,
    /// What an invariant must catch.
    pub mutants: &'static [Mutant<X, M>],
    /// What all these have, unless their bounds say otherwise.
    pub mutants_with: Values,
    /// What must miss a goal.
    pub liveness_mutants: &'static [Mutant<X, M>],
}

/// Which rule of a protocol is missing.
pub trait Missing: Copy + Sync + 'static {
    /// None: for mutants of the host.
    const NOTHING: Self;
}

/// A protocol of which something is broken: one of its rules, or its host.
pub struct Mutant<X, M: Machine> {
    /// Its name on the command line.
    pub name: &'static str,
    /// What is broken.
    pub rule: &'static str,
    /// The invariant that must catch it, or the goal that it must miss.
    pub expected: &'static str,
    /// The bounds within which it must.
    pub bounds: Values,
    /// The rule that is missing.
    pub rules: X,
    /// The host.
    pub tamper: fn() -> Tamper<M>,
}

impl<X: Missing, M: Machine> Mutant<X, M> {
    /// Without a rule.
    pub const fn of_rules(
        name: &'static str,
        rule: &'static str,
        rules: X,
        expected: &'static str,
        bounds: Values,
    ) -> Self {
        Self { name, rule, expected, bounds, rules, tamper: Tamper::default }
    }

    /// With a dishonest host.
    pub const fn of_host(
        name: &'static str,
        rule: &'static str,
        tamper: fn() -> Tamper<M>,
        expected: &'static str,
        bounds: Values,
    ) -> Self {
        Self { name, rule, expected, bounds, rules: X::NOTHING, tamper }
    }
}

impl<X: 'static, M: Machine> Catalogue<X, M> {
    fn bounds(&self, values: Values) -> Bounds {
        Bounds::new(self.keys).with(values)
    }

    fn profiles(&self, profiles: Profiles) -> Vec<(&'static str, Bounds)> {
        profiles.iter().map(|(name, values)| (*name, self.bounds(values))).collect()
    }

    fn infos(&self, mutants: &'static [Mutant<X, M>], with: Values) -> Vec<MutantInfo> {
        let info = |mutant: &Mutant<X, M>| MutantInfo {
            name: mutant.name,
            rule: mutant.rule,
            expected: mutant.expected,
            bounds: self.bounds(with).with(mutant.bounds),
        };
        mutants.iter().map(info).collect()
    }

    fn all_mutants(&self) -> impl Iterator<Item = &'static Mutant<X, M>> + use<X, M> {
        self.mutants.iter().chain(self.liveness_mutants)
    }
}

/// The model of a mutant that came from [`Subject::mutants`] or [`Subject::liveness_mutants`].
fn mutated<P: Protocol>(
    protocol: &P,
    name: &str,
    bounds: &Bounds,
) -> Result<Cluster<P::Mutated, P::History>, BoundsError> {
    let mutant = protocol.catalogue().all_mutants().find(|mutant| mutant.name == name);
    let Mutant { rules, tamper, .. } = mutant.unwrap_or_else(|| panic!("no mutant `{name}`"));
    P::without(bounds, *rules, tamper())
}

impl<P: Protocol> Subject for P
where
    Line<P::Machine>: Serialize + DeserializeOwned,
    Line<P::Mutated>: Serialize + DeserializeOwned,
{
    fn name(&self) -> &'static str {
        self.catalogue().name
    }

    fn about(&self) -> &'static str {
        self.catalogue().about
    }

    fn keys(&self) -> &'static [Key] {
        self.catalogue().keys
    }

    fn quick(&self) -> Vec<(&'static str, Bounds)> {
        let catalogue = self.catalogue();
        catalogue.profiles(catalogue.quick)
    }

    fn full(&self) -> Vec<(&'static str, Bounds)> {
        let catalogue = self.catalogue();
        catalogue.profiles(catalogue.full)
    }

    fn estimate(&self, bounds: &Bounds) -> f64 {
        P::states(bounds)
    }

    fn advice(&self, bounds: &Bounds, most: f64) -> String {
        let fits = |smaller: &Vec<(&'static str, u64)>| P::states(&bounds.clone().with(smaller)) <= most;
        let Some(smaller) = P::smaller(bounds).into_iter().find(fits) else {
            return "Nothing of this kind would fit".into();
        };
        let values: Vec<_> = smaller.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("With {} it would fit", values.join(","))
    }

    fn check(&self, bounds: &Bounds, searcher: Searcher, limits: &Limits) -> Result<Summary, BoundsError> {
        Ok(summary(&P::model(bounds)?.check_by(searcher, limits), &self.header(bounds, None)))
    }

    fn mutants(&self) -> Vec<MutantInfo> {
        let catalogue = self.catalogue();
        catalogue.infos(catalogue.mutants, catalogue.mutants_with)
    }

    fn check_mutant(&self, mutant: &MutantInfo, limits: &Limits) -> Result<Summary, BoundsError> {
        let limits = Limits { until: Some(mutant.expected), ..limits.clone() };
        let header = self.header(&mutant.bounds, Some(mutant.name));
        let mutated = || mutated(self, mutant.name, &mutant.bounds);
        let report = mutated()?.only(mutant.expected).check(&limits);
        if report.is_violated() || report.cut.is_some() {
            return Ok(summary(&report, &header));
        }
        // It survives: then it matters which others notice.
        Ok(summary(&mutated()?.check(&limits), &header))
    }

    fn liveness_profiles(&self) -> Vec<(&'static str, Bounds)> {
        let catalogue = self.catalogue();
        catalogue.profiles(catalogue.liveness)
    }

    fn liveness_mutants(&self) -> Vec<MutantInfo> {
        let catalogue = self.catalogue();
        catalogue.infos(catalogue.liveness_mutants, &[])
    }

    fn check_liveness(
        &self,
        bounds: &Bounds,
        mutant: Option<&MutantInfo>,
        limits: &Limits,
    ) -> Result<LivenessSummary, BoundsError> {
        let header = self.header(&P::endless(bounds), mutant.map(|mutant| mutant.name));
        Ok(match mutant {
            None => liveness_summary(&P::model(bounds)?.check_liveness(limits), &header),
            Some(mutant) => {
                liveness_summary(&mutated(self, mutant.name, bounds)?.check_liveness(limits), &header)
            }
        })
    }

    fn explore(&self, bounds: &Bounds, address: SocketAddr) -> Result<(), BoundsError> {
        explore::serve(P::model(bounds)?, address);
        Ok(())
    }

    fn replay(&self, header: &Header, file: &mut dyn BufRead) -> Result<Replay, ReplayError> {
        let catalogue = self.catalogue();
        let bounds = Bounds::new(catalogue.keys).parse(&header.bounds)?;
        let Some(name) = &header.mutant else { return replay(&P::model(&bounds)?, header, file) };
        if catalogue.all_mutants().all(|mutant| mutant.name != name) {
            let known = catalogue.all_mutants().map(|mutant| mutant.name).collect();
            return Err(ReplayError::Mutant { name: name.clone(), known });
        }
        replay(&mutated(self, name, &bounds)?, header, file)
    }
}
