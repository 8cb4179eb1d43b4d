use althing_models::{cluster::*, election::cluster};
use stateright::{Checker, Model};
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let mut c = cluster(a[0] as u8, a[1], a[2] & 1 == 1, a[2] & 2 == 2, althing::raft::Published, a[4] == 1)
        .crashes(a[3] as u8);
    if a[5] == 1 {
        c = c.symmetric();
    }
    let t = std::time::Instant::now();
    let b = c.checker().threads(a[6] as usize);
    macro_rules! rep {
        ($ch:expr) => {{
            let ch = $ch;
            println!(
                "{} states {} unique depth {} in {:?} = {:.0}/s disc {:?}",
                ch.state_count(),
                ch.unique_state_count(),
                ch.max_depth(),
                t.elapsed(),
                ch.unique_state_count() as f64 / t.elapsed().as_secs_f64(),
                ch.discoveries().iter().map(|(n, p)| (*n, p.clone().into_vec().len())).collect::<Vec<_>>()
            );
        }};
    }
    if a[7] == 1 {
        rep!(b.spawn_dfs().join())
    } else {
        rep!(b.spawn_bfs().join())
    };
}
