//! Whoever takes part does what it is measured for: all servers apply all commands, beyond a
//! compaction, in each kind of cell.

use althing_peers::cluster::COMPACT_EVERY;
use althing_peers::contestants;
use althing_peers::measure::{Cell, measure};

#[test]
fn all_commands_reach_all_servers() {
    let kinds = [(3, 16, 1), (1, 8, 64), (3, 1024, 64), (5, 16, 64)];
    let cells = kinds.map(|(servers, size, batch)| Cell { servers, size, batch });
    for contestant in contestants::all() {
        for cell in cells.into_iter().filter(|cell| contestant.takes_part(*cell)) {
            let figures = measure(cell, &mut *contestant.start(cell.servers), 128);
            assert_eq!(figures.entries, 128);
        }
    }
}

#[test]
fn a_batch_costs_no_more_messages_than_beside() {
    let cell = Cell { servers: 3, size: 16, batch: 64 };
    let messages = |name: &str| {
        let all = contestants::all();
        let contestant = all.iter().find(|contestant| contestant.name == name).expect("it takes part");
        measure(cell, &mut *contestant.start(cell.servers), COMPACT_EVERY).messages
    };
    let batches = COMPACT_EVERY / 64;
    assert_eq!(messages("althing"), 6 * batches);
    assert_eq!(messages("althing, no prompt_commit"), 4 * batches);
    #[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
    {
        assert_eq!(messages("tikv one message"), 8 * batches);
        assert_eq!(messages("tikv one message, skip_bcast_commit"), 4 * batches);
    }
}
