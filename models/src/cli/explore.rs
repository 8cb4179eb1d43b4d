//! `althing explore`.

use std::io::{Write, stderr};
use std::net::TcpListener;

use super::{ExploreArgs, Refused, Verdict, profiles, subject};

pub(super) fn run(args: &ExploreArgs) -> Result<Verdict, Refused> {
    let subject = subject(&args.model)?;
    let address = args.listen;
    let bounds = match &profiles(subject, &args.bounds)?[..] {
        [(_, bounds)] => bounds.clone(),
        several => {
            let known = several.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(", ");
            let reason = format!("`{}` is several profiles; explore one of {known}", args.bounds);
            return Err(Refused::File { path: args.model.clone(), reason });
        }
    };
    // stateright panics if it cannot listen; so whether it can is found out first.
    TcpListener::bind(address).map_err(|reason| Refused::Listen { address, reason })?;
    writeln!(stderr(), "{} ({bounds}) at http://{address}/ until Ctrl-C", subject.name())?;
    let refused = |reason| Refused::Bounds { model: subject.name(), reason };
    subject.explore(&bounds, address).map_err(refused)?;
    Ok(Verdict::Good)
}
