//! How often to do what costs something each time and costs more if it is put off. All times are in one
//! unit, and so is what is returned; every function is total on its arguments, and O(1).

use crate::coordination::lambert;
use crate::coordination::numbers::Positive;

/// The batch at which `h/b + q b/2` is least, `sqrt(2h/q)`: the economic order quantity (Harris 1913).
/// `h` is the cost of a batch and `q` what it costs to hold one more, in one unit. A real number.
pub fn economic_batch(h: Positive, q: Positive) -> f64 {
    libm::sqrt(2.0 * h.get()) / libm::sqrt(q.get())
}

/// Young 1974: the work between two checkpoints, `sqrt(2 delta M)`, where a checkpoint takes `delta` and
/// failures come once in `M` in the mean. A first approximation, for `delta` far below `M`.
pub fn young(delta: Positive, mean_time_between_failures: Positive) -> f64 {
    libm::sqrt(2.0 * delta.get()) * libm::sqrt(mean_time_between_failures.get())
}

/// The same exactly, for exponential times between failures: `M (1 + W0(-e^(-1 - delta/M)))` (Daly 2006).
/// There the time for each unit of work, `M (e^((tau + delta)/M) - 1)/tau`, is least. It is less than
/// [`young`]'s, and than `M`.
pub fn exponential_interval(delta: Positive, mean_time_between_failures: Positive) -> f64 {
    let m = mean_time_between_failures.get();
    m * lambert::one_plus_w0(delta.get() / m)
}
