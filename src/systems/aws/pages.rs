//! A list that a server returns page by page, and the bound on it.

use std::future::Future;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Reader;
use base::observed::{Fault, FaultKind};

/// The most pages of one list. At a thousand items per page this is half a million; a time-out of the collector ends a slow list earlier.
const MOST: usize = 500;

impl<C: 'static> Reader<C> {
    /// Reads all pages of a list. `send` requests the page at a position (none: the first one); `take` takes it, and returns the position
    /// of the next one, if there is one.
    ///
    /// A position that comes twice would make the list endless, and a truncated list would make counts too small: both are faults.
    ///
    /// # Errors
    /// Those of [`Reader::call`] and of `take`; [`FaultKind::Malformed`] if the list does not end.
    pub async fn pages<P, Page, E, F>(
        &self,
        operation: &'static str,
        mut send: impl FnMut(Option<P>) -> F,
        mut take: impl FnMut(&Page) -> Result<Option<P>, Fault>,
    ) -> Result<(), Fault>
    where
        P: Clone + PartialEq,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        F: Future<Output = Result<Page, SdkError<E, HttpResponse>>>,
    {
        let mut read: Vec<P> = Vec::new();
        loop {
            let page = self.call(operation, send(read.last().cloned())).await?;
            let Some(next) = take(&page)? else { return Ok(()) };
            let pages = read.len() + 1;
            if read.contains(&next) || pages >= MOST {
                let words = format!("the list does not end: {pages} pages, or a page's token came twice");
                return Err(self.fault(operation, FaultKind::Malformed, &words));
            }
            read.push(next);
        }
    }
}

/// The position of the next page, as most services give it: the last page has no token, or an empty one.
pub fn token(next: Option<&str>) -> Option<String> {
    next.filter(|token| !token.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::operation::describe_images::DescribeImagesError;

    use super::*;
    use crate::aws::Aws;
    use plan::Access;

    /// The fault of a list whose pages name these successors, and the number of pages read.
    async fn read(next: impl Fn(Option<usize>) -> Option<usize>) -> (Result<(), Fault>, usize) {
        let reader = Aws::reading(&Access::default(), "eu-west-1").ec2();
        let mut count = 0;
        let answer = |_| std::future::ready(Ok::<_, SdkError<DescribeImagesError, HttpResponse>>(()));
        let mut at = None;
        let all = reader.pages("DescribeImages", answer, |()| {
            count += 1;
            at = next(at);
            Ok(at)
        });
        (all.await, count)
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end_and_one_without_an_end_is_malformed() {
        let (read_to, pages) = read(|at| Some(at.unwrap_or(0) + 1).filter(|n| *n < 7)).await;
        assert!(read_to.is_ok() && pages == 7, "{read_to:?}, {pages}");
        for (what, next, expected) in [
            ("the same token again", (|_| Some(1)) as fn(Option<usize>) -> Option<usize>, 2),
            ("two tokens in turn", |at| Some(at.map_or(1, |n| 3 - n)), 3),
            ("always another token", |at| Some(at.unwrap_or(0) + 1), MOST),
        ] {
            let (read_to, pages) = read(next).await;
            let fault = read_to.expect_err(what);
            assert_eq!((fault.kind, pages), (FaultKind::Malformed, expected), "{what}");
            assert!(fault.text.raw().starts_with("ec2:DescribeImages at eu-west-1: the list does not end"), "{fault}");
        }
    }

    #[test]
    fn an_empty_token_is_none() {
        assert_eq!([token(None), token(Some("")), token(Some("a"))], [None, None, Some("a".to_owned())]);
    }
}
