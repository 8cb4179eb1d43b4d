//! The contract net.

pub mod award;
pub mod bidder;
pub mod capabilities;
pub mod contractor;
mod effects;
pub mod fence;
pub mod ids;
pub mod invariants;
pub mod lease;
pub mod ledger;
pub mod manager;
pub mod message;
pub mod participant;
pub mod refusal;
pub mod rules;
pub mod terms;

pub use award::{AwardRule, LowestCost, SecondPrice};
pub use capabilities::Capabilities;
pub use contractor::{Contractor, Promises};
pub use ids::{AgentId, BidId, Claim, Digest, Epoch, Money, Round, TaskId, Tenure};
pub use ledger::{Ledger, Phase};
pub use manager::Manager;
pub use message::{Ack, Bid, Message, Offer, Outcome};
pub use participant::Participant;
pub use refusal::Refusal;
pub use rules::{Published, Rules};
pub use terms::{Ratio, Terms};
