//! How a command that goes on asking bears a head, or an API server, that is away for a while.

use std::collections::HashSet;

use crate::error::Failure;
use crate::output::Ui;

#[derive(Default)]
pub(super) struct Outage {
    /// Reasons may alternate, as those of a failing image pull do; each is told once.
    told: HashSet<String>,
    answered: bool,
}

impl Outage {
    /// There was an answer. Gives whether that was said.
    pub(super) fn over(&mut self, subject: &str, ui: &Ui) -> bool {
        let was_away = self.answered && !self.told.is_empty();
        if was_away {
            ui.note(&format!("{subject} answers again."));
        }
        self.answered = true;
        self.told.clear();
        was_away
    }

    /// There was none: tells why, or gives back what is not going to pass. An address that has
    /// never answered may be a wrong one, so only a starting head is waited for then.
    pub(super) fn bear(&mut self, failure: Failure, ui: &Ui) -> Result<(), Failure> {
        let bearable = if self.answered {
            failure.may_pass()
        } else {
            failure.is_starting()
        };
        if !bearable {
            return Err(failure);
        }
        let why = failure.to_string();
        if self.told.insert(why.clone()) {
            ui.note(&format!("{why}; still watching"));
        }
        Ok(())
    }
}
