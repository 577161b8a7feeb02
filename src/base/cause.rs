//! Errors with their causes. An error's own text says what failed; why is in its causes ([`Error::source`]), and only the place that shows
//! an error puts them together.

use std::{error::Error, fmt};

/// An error and all its causes, in one text: `the journal cannot be opened: permission denied`.
#[derive(Debug)]
pub struct Chain<'e>(pub &'e (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        std::iter::successors(self.0.source(), |&cause| cause.source()).try_for_each(|cause| write!(f, ": {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Of(&'static str, Option<Box<Of>>);

    impl fmt::Display for Of {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Of {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn every_cause_is_named_once_the_outermost_first() {
        let error = Of("no report", Some(Box::new(Of("run.journal", Some(Box::new(Of("no such file", None)))))));
        assert_eq!(Chain(&error).to_string(), "no report: run.journal: no such file");
    }
}
