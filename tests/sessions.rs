//! `Sessions` against a naive twin: the list of all commands so far.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;

use althing::raft::{SessionError, Sessions};
use proptest::prelude::*;

/// Clients in the order of their latest use, each with its latest command and the reply.
#[derive(Default)]
struct Twin(Vec<(u64, u64, u32)>);

impl Twin {
    fn apply(&mut self, limit: usize, client: u64, sequence: u64, fresh: u32) -> Result<u32, SessionError> {
        let known = self.0.iter().find(|(other, ..)| *other == client).copied();
        let reply = match known {
            Some((_, latest, _)) if latest > sequence => {
                return Err(SessionError::Outdated { sequence, latest });
            }
            Some((_, latest, reply)) if latest == sequence => reply,
            Some(_) | None => fresh,
        };
        self.0.retain(|(other, ..)| *other != client);
        self.0.push((client, sequence, reply));
        if self.0.len() > limit {
            self.0.remove(0);
        }
        Ok(reply)
    }
}

fn hash(sessions: &Sessions<u32>) -> u64 {
    let mut hasher = DefaultHasher::new();
    sessions.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_answers_like_a_list(
        limit in 1..5_usize, commands in prop::collection::vec((0..7_u64, 0..4_u64), 0..80), restart in 0..80_usize
    ) {
        let mut ours = Sessions::new(NonZeroUsize::new(limit).unwrap());
        let (mut twin, mut other) = (Twin::default(), ours.clone());
        for (turn, (client, sequence)) in commands.into_iter().enumerate() {
            let fresh = u32::try_from(turn).unwrap();
            let (mut applied, expected) = (false, twin.apply(limit, client, sequence, fresh));
            let reply = ours.apply(client, sequence, || {
                applied = true;
                fresh
            });
            prop_assert_eq!(reply, expected);
            prop_assert_eq!(applied, expected == Ok(fresh), "exactly once");
            prop_assert_eq!(ours.len(), twin.0.len());
            for client in 0..7 {
                let known = twin.0.iter().find(|(other, ..)| *other == client);
                prop_assert_eq!(ours.latest(client), known.map(|(_, sequence, reply)| (*sequence, reply)));
            }
            // Another server, which went by way of a snapshot.
            let _ = other.apply(client, sequence, || fresh);
            if turn == restart {
                other = copied(&other);
            }
            prop_assert_eq!(&ours, &other);
            prop_assert_eq!(hash(&ours), hash(&other));
        }
    }
}

#[cfg(feature = "serde")]
fn copied(sessions: &Sessions<u32>) -> Sessions<u32> {
    let text = serde_json::to_string(sessions).expect("it can be written");
    serde_json::from_str(&text).expect("it can be read")
}

#[cfg(not(feature = "serde"))]
fn copied(sessions: &Sessions<u32>) -> Sessions<u32> {
    sessions.clone()
}

#[cfg(feature = "serde")]
#[test]
fn a_damaged_table_is_refused() {
    let refused = |text: &str| serde_json::from_str::<Sessions<u32>>(text).expect_err("no table").to_string();
    let form = |limit: u8, uses: u8, used: [u8; 2]| {
        let client = |number: usize| {
            let used = used[number];
            format!(r#""{number}":{{"sequence":1,"reply":2,"used":{used}}}"#)
        };
        format!(r#"{{"limit":{limit},"uses":{uses},"clients":{{{},{}}}}}"#, client(0), client(1))
    };
    assert!(serde_json::from_str::<Sessions<u32>>(&form(2, 2, [1, 2])).is_ok());
    assert!(refused(&form(1, 2, [1, 2])).contains("2 clients are more than"));
    assert!(refused(&form(2, 2, [1, 1])).contains("client 1 was used at a time"));
    assert!(refused(&form(2, 1, [1, 2])).contains("client 1 was used at a time"));
    assert!(refused(&form(0, 2, [1, 2])).contains("nonzero"));
}
