//! How a command that goes on asking bears a head, or an API server, that is away for a while.

use crate::error::Failure;
use crate::hint::Hint;
use crate::output::{Recent, Ui};

#[derive(Default)]
pub(super) struct Outage {
    told: Recent,
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
        self.told.forget();
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
        if self.told.is_news(&why) {
            ui.note(&format!("{why}; still watching"));
            ui.hint(failure.hint().as_deref());
        }
        Ok(())
    }
}
