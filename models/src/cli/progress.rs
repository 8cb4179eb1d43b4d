//! What is shown of a running exploration: on a terminal a line that is drawn over and over, else
//! nothing.

use std::sync::Arc;

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::grouped;
use crate::limits::Progress;

/// A line on standard error.
pub(super) struct Watch {
    bar: ProgressBar,
    title: String,
}

impl Watch {
    pub(super) fn new(title: String) -> Arc<Self> {
        // Hidden by itself unless standard error is a terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(
            ProgressStyle::with_template("{spinner} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        Arc::new(Self { bar, title })
    }

    pub(super) fn show(&self, progress: &Progress) {
        let rate = progress.unique_states as f64 / progress.elapsed.as_secs_f64().max(1e-3);
        let memory =
            progress.memory.map_or_else(String::new, |held| format!(", {}", ByteSize(held).display().iec()));
        self.bar.set_message(format!(
            "{}: {} states, {} k/s, depth {}, queue {}{memory}",
            self.title,
            grouped(progress.unique_states),
            grouped((rate / 1e3) as usize),
            progress.depth,
            grouped(progress.queue),
        ));
        self.bar.tick();
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
