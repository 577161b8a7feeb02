//! Parses a member's assignment from the bytes of Kafka's consumer protocol.

/// The (topic, partitions) of an assignment; none where the bytes are of another protocol.
///
/// ConsumerProtocolAssignment, all versions: version i16, then an array of (topic: string i16, partitions: array of i32); lengths i32, big
/// endian; the rest is assignor data. (Kafka's `ConsumerProtocolAssignment.json`.)
pub(super) fn parse(bytes: &[u8]) -> Option<Vec<(&str, Vec<u32>)>> {
    let mut at = Cursor(bytes);
    at.take(2)?;
    let topics = at.i32()?;
    // No memory is reserved by a stated length: each round consumes bytes that must exist.
    let mut out = Vec::new();
    for _ in 0..topics {
        let len = u16::from_be_bytes(at.take(2)?.try_into().ok()?);
        let topic = std::str::from_utf8(at.take(usize::from(len))?).ok()?;
        let mut partitions = Vec::new();
        for _ in 0..at.i32()? {
            partitions.push(u32::try_from(at.i32()?).ok()?);
        }
        out.push((topic, partitions));
    }
    Some(out)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take(4).and_then(|b| b.try_into().ok()).map(i32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_a_cut_one_is_not() {
        let bytes = b"\0\x01\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\x03\0\0\0\x05\xff\xff\xff\xff";
        assert_eq!(parse(bytes), Some(vec![("orders", vec![3, 5])]));
        for cut in 0..bytes.len() - 4 {
            assert_eq!(parse(&bytes[..cut]), None, "cut at {cut}");
        }
        assert_eq!(parse(b"\0\0\x7f\xff\xff\xff"), None, "a length without bytes behind it");
    }
}
