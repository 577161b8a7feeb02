//! A recording of the console's output as an asciicast of version 2
//! (<https://docs.asciinema.org/manual/asciicast/v2/>): one JSON line with the size of the terminal, then one line for
//! each frame.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use ratatui::layout::Size;
use serde_json::json;

use base::text::line;

/// A recording in progress.
#[derive(Debug)]
pub struct Cast {
    file: BufWriter<File>,
    started: Instant,
    size: Option<Size>,
    title: String,
}

impl Cast {
    /// Starts a recording in a new file.
    ///
    /// # Errors
    /// If the file exists, or cannot be created.
    pub fn create(path: &Path, title: &str) -> io::Result<Self> {
        let file = File::create_new(path)?;
        Ok(Self { file: BufWriter::new(file), started: Instant::now(), size: None, title: line(title).into_owned() })
    }

    /// Records what was written to a terminal of this size.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn wrote(&mut self, bytes: &[u8], size: Size) -> io::Result<()> {
        let at = self.started.elapsed();
        match self.size.replace(size) {
            None => {
                let stamp = jiff::Timestamp::now().as_second();
                let head = json!({
                    "version": 2,
                    "width": size.width,
                    "height": size.height,
                    "timestamp": stamp,
                    "title": self.title,
                    "env": { "TERM": "xterm-256color" },
                });
                writeln!(self.file, "{head}")?;
            }
            Some(before) if before != size => self.event(at, "r", &format!("{}x{}", size.width, size.height))?,
            Some(_) => {}
        }
        self.event(at, "o", &String::from_utf8_lossy(bytes))?;
        // Flush, so that the recording is complete up to here if the program is killed.
        self.file.flush()
    }

    fn event(&mut self, at: Duration, code: &str, data: &str) -> io::Result<()> {
        writeln!(self.file, "{}", json!([at.as_secs_f64(), code, data]))
    }
}
