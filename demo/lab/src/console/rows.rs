//! Goes to pages and to rows of the runbook, by keys, as the screen shows that they were taken.

use std::time::{Duration, Instant};

use super::{Console, LOOK, PATIENCE};
use crate::error::{Error, Result};

impl Console {
    /// Closes whatever is open and goes to the page with this key.
    ///
    /// # Errors
    /// If the console has ended.
    pub fn page(&mut self, key: &str) -> Result<()> {
        // A dialog first, then the detail under it. An escape directly before the next key would be read as another
        // key.
        for _ in 0..2 {
            self.press("\x1b")?;
            std::thread::sleep(LOOK * 5);
        }
        self.press(key)
    }

    /// Goes to a step's row in the runbook.
    ///
    /// # Errors
    /// If it is not there.
    pub fn select(&mut self, step: &str) -> Result<()> {
        self.page("7g")?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            std::thread::sleep(LOOK * 10);
            let found = match self.row(step) {
                Some(row) if row.starts_with('▸') => return Ok(()),
                Some(_) => self.next_row()?,
                // A console that is busy may have read the key together with an escape before it.
                None => false,
            };
            if !found {
                self.page("7g")?;
            }
        }
        Err(Error::new(format!("looking for the step {step}"), self.screen()))
    }

    /// Selects the next row, and waits until it is seen: on a busy machine keys pressed ahead would go past the row that is looked for.
    /// Whether there was one.
    fn next_row(&mut self) -> Result<bool> {
        let at = |screen: &str| {
            let row = screen.lines().find_map(|line| line.strip_prefix('▸'))?;
            row.split_whitespace().next().map(str::to_owned)
        };
        let before = at(&self.screen());
        self.press("j")?;
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            if at(&self.screen()).is_some_and(|now| Some(now) != before) {
                return Ok(true);
            }
            std::thread::sleep(LOOK);
        }
        Ok(false)
    }

    /// A step's row in the runbook, if it is on screen.
    #[must_use]
    pub fn row(&self, step: &str) -> Option<String> {
        let screen = self.screen();
        let own = |line: &&str| line.trim_start_matches('▸').split_whitespace().next() == Some(step);
        screen.lines().find(own).map(str::to_owned)
    }
}
