//! Of long lists, what is read of each record; the rest is taken out of the answer before the SDK sees it.
//!
//! The SDK's deserialiser builds every field of an instance: with two volumes and an interface that is several times the text of a page of
//! a thousand, and most of the processor time of reading a region (`cargo bench --bench instances`). Here the text is scanned once, piece
//! by piece as it comes, and what is not read is left out: the whole page is never held. What remains is the same document with fewer
//! elements, so that everything behind it stays as it is.
//!
//! A scanner of our own and not an XML library: a library looks at every element, also of what is skipped (quick-xml: 13.5 ms for a page
//! that takes 0.6 ms here). It knows what AWS sends and no more: from what it does not know, or what does not fit together, on, the text is
//! handed on as it comes, and the SDK says what is wrong with it.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use memchr::{memchr, memmem};

/// A list whose records are shortened.
#[derive(Debug, PartialEq)]
pub(super) struct List {
    operation: &'static str,
    /// The elements from the document's root down to a record, without the root.
    record: &'static [&'static str],
    /// The elements of a record that are read; each is kept whole.
    fields: &'static [&'static str],
}

/// What `ec2/live/instances.rs` reads.
const LISTS: [List; 2] = [
    List {
        operation: "DescribeInstances",
        record: &["reservationSet", "item", "instancesSet", "item"],
        fields: &[
            "instanceId",
            "imageId",
            "instanceState",
            "instanceType",
            "launchTime",
            "placement",
            "privateIpAddress",
            "tagSet",
            "cpuOptions",
        ],
    },
    List {
        operation: "DescribeInstanceStatus",
        record: &["instanceStatusSet", "item"],
        fields: &["instanceId", "eventsSet", "systemStatus", "instanceStatus"],
    },
];

/// The list that a request asks for, if it is one of those that are shortened.
pub(super) fn list(request: &HttpRequest) -> Option<&'static List> {
    let body = std::str::from_utf8(request.body().bytes()?).ok()?;
    let operation = body.strip_prefix("Action=")?.split('&').next()?;
    LISTS.iter().find(|list| list.operation == operation)
}

/// One answer while it comes.
pub(super) struct Shortened {
    list: &'static List,
    /// What has come and is not decided: the beginning of a tag, or of the end of what is left out.
    rest: Vec<u8>,
    /// The names of the open elements, from the root on.
    open: Vec<Vec<u8>>,
    /// How many of them lead to a record.
    leads: usize,
    at: At,
}

/// What the scanner is at.
enum At {
    /// Text or tags that are handed on.
    Kept,
    /// An element that is left out, to this end.
    LeftOut(Vec<u8>),
    /// A document that it does not know: all of it is handed on.
    Unknown,
}

/// What a tag does.
enum Tag {
    Nothing,
    Skip(Vec<u8>),
    Unknown,
}

impl Shortened {
    pub(super) const fn new(list: &'static List) -> Self {
        Self { list, rest: Vec::new(), open: Vec::new(), leads: 0, at: At::Kept }
    }

    /// What is to be handed on of this piece and of what was held back before it.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        let text = [&std::mem::take(&mut self.rest), piece].concat();
        let mut out = Vec::with_capacity(text.len() / 2);
        let mut at = 0;
        loop {
            let left = &text[at..];
            at += match &self.at {
                At::Unknown => {
                    out.extend_from_slice(left);
                    return out;
                }
                At::LeftOut(end) => {
                    let Some(found) = memmem::find(left, end) else {
                        // Its end may have begun.
                        self.rest = left[left.len().saturating_sub(end.len() - 1)..].to_vec();
                        return out;
                    };
                    let n = found + end.len();
                    self.at = At::Kept;
                    n
                }
                At::Kept => {
                    let start = memchr(b'<', left).unwrap_or(left.len());
                    out.extend_from_slice(&left[..start]);
                    let Some(length) = memchr(b'>', &left[start..]) else {
                        self.rest = left[start..].to_vec();
                        return out;
                    };
                    let tag = &left[start..=start + length];
                    match self.tag(&tag[1..length]) {
                        Tag::Skip(end) => self.at = At::LeftOut(end),
                        Tag::Nothing => out.extend_from_slice(tag),
                        Tag::Unknown => {
                            out.extend_from_slice(tag);
                            self.at = At::Unknown;
                        }
                    }
                    start + tag.len()
                }
            };
        }
    }

    /// What was held back, once nothing more comes.
    pub(super) fn end(self) -> Vec<u8> {
        if matches!(self.at, At::LeftOut(_)) { Vec::new() } else { self.rest }
    }

    /// Takes the inside of a tag.
    fn tag(&mut self, tag: &[u8]) -> Tag {
        match tag {
            [b'?', ..] | [.., b'/'] => Tag::Nothing,
            // Comments, sections of characters, a document type: AWS sends none.
            [] | [b'!', ..] => Tag::Unknown,
            [b'/', name @ ..] => {
                if self.open.pop().is_none_or(|open| open != name) {
                    return Tag::Unknown;
                }
                self.leads = self.leads.min(self.open.len());
                Tag::Nothing
            }
            _ => {
                let name = &tag[..memchr(b' ', tag).unwrap_or(tag.len())];
                let is = |known: &&str| known.as_bytes() == name;
                let (depth, record) = (self.open.len(), self.list.record);
                let leads = self.leads == depth;
                if leads && depth > record.len() && !self.list.fields.iter().any(is) {
                    return Tag::Skip([b"</", name, b">"].concat());
                }
                self.leads += usize::from(leads && (depth == 0 || record.get(depth - 1).is_some_and(is)));
                self.open.push(name.to_vec());
                Tag::Nothing
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document as it is handed on when it comes in pieces of this length.
    fn shortened(document: &str, piece: usize) -> String {
        let mut shortened = Shortened::new(&LISTS[0]);
        let mut out: Vec<u8> = document.as_bytes().chunks(piece).flat_map(|p| shortened.take(p)).collect();
        out.extend(shortened.end());
        String::from_utf8(out).unwrap()
    }

    /// A page with this inside every instance.
    fn page(inside: &str) -> String {
        let instance = format!("<item><instanceId>i-1</instanceId>{inside}<imageId>ami-1</imageId></item>");
        let set = format!("<instancesSet>{instance}{instance}</instancesSet>");
        let reservation = format!("<item><groupSet/><ownerId>1</ownerId>{set}</item>");
        format!(
            "<?xml version=\"1.0\"?>\n<R xmlns=\"x\">\n <reservationSet>{reservation} {reservation}</reservationSet>\n \
             <nextToken>t</nextToken></R>\n"
        )
    }

    #[test]
    fn what_is_not_read_of_a_record_is_left_out_and_all_else_stays_as_it_is() {
        let unread = "<networkInterfaceSet><item><instanceId>q</instanceId><groupSet><item>&lt;</item></groupSet></item>\
                      </networkInterfaceSet><dnsName></dnsName>";
        let read = "<dnsName/><tagSet><item><key>instancesSet</key><value>a&amp;b</value></item></tagSet>";
        let error = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";
        for piece in 1..page(unread).len() {
            assert_eq!(shortened(&page(unread), piece), page(""), "in pieces of {piece}");
            assert_eq!(shortened(&page(read), piece), page(read), "in pieces of {piece}");
            assert_eq!(shortened(error, piece), error, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_page_that_is_cut_off_stays_cut_off() {
        let whole = page("<x><item>1</item></x>");
        assert!(shortened(&whole, 7).contains("</R>"));
        for end in 0..whole.len() - 1 {
            assert!(!shortened(&whole[..end], 7).contains("</R>"), "{}", &whole[..end]);
        }
    }

    #[test]
    fn what_does_not_fit_together_is_handed_on_from_there_on() {
        let rest = "<x>1</x>";
        for odd in ["<!-- a -->", "<![CDATA[<x>]]>", "<imageId>1</x>", "</x>", "<>"] {
            let odd = page(&format!("{odd}{rest}"));
            assert_eq!(shortened(&odd, 5), odd);
        }
        // An element with another of its name inside: it ends too early, and what is left of it fits nothing.
        let nested = page("<x><x>1</x></x>");
        assert_eq!(shortened(&nested, 5), nested.replacen("<x><x>1</x>", "", 1));
    }
}
