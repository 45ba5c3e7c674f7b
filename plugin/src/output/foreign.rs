//! Bytes of somebody else, as they come.

use super::Ui;
use crate::error::Failure;
use crate::safe::Neutral;

/// Data exactly as it is where a file or a program takes it; a terminal gets what cannot steer it.
pub struct Foreign<'a> {
    ui: &'a Ui,
    neutral: Option<Neutral>,
}

impl<'a> Foreign<'a> {
    pub(super) fn new(ui: &'a Ui, to_a_terminal: bool) -> Self {
        Self {
            ui,
            neutral: to_a_terminal.then(Neutral::default),
        }
    }

    pub fn push(&mut self, piece: &[u8]) -> Result<(), Failure> {
        match &mut self.neutral {
            None => self.ui.data(piece),
            Some(neutral) => self.ui.data(&neutral.push(piece)),
        }
    }

    /// After the last piece.
    pub fn end(mut self) -> Result<(), Failure> {
        match &mut self.neutral {
            None => Ok(()),
            Some(neutral) => self.ui.data(&neutral.end()),
        }
    }
}
