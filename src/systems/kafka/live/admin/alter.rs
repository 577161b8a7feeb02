//! The only request of this program that changes a cluster: AlterConsumerGroupOffsets. It takes a permit, so that a watching session cannot
//! even create it. The rules of soundness are those of the module above; nothing is added to them.

use rdkafka::bindings as sys;

use super::{Answer, Batch, Failure, Owned, array, c_string, failure, offset};
use crate::kafka::ops::TopicOffsets;
use journal::Permit;

use std::time::Duration;

impl Batch<'_> {
    /// Sends a group's offsets to its coordinator. librdkafka may send it again within the time-out: the values are absolute, so that a
    /// second copy changes nothing.
    pub(in super::super) fn alter(
        &self,
        permit: Permit,
        group: &str,
        offsets: &[TopicOffsets],
        timeout: Duration,
    ) -> Result<(), Failure> {
        let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS;
        let options = self.options(op, timeout, 0)?;
        let group = c_string(group)?;
        let names = offsets.iter().map(|t| c_string(&t.topic)).collect::<Result<Vec<_>, _>>()?;
        // A commit has no tag: its result is verified by the values alone.
        let _ = permit.spend();
        // SAFETY: list and request are new and ours; names are copied into the list, and the list into the request. `add` never gives null,
        // and its element is written before the list grows again. The call takes an array of exactly one request and copies it.
        unsafe {
            let list = sys::rd_kafka_topic_partition_list_new(64);
            let list = Owned::new(list, sys::rd_kafka_topic_partition_list_destroy)?;
            for (topic, name) in offsets.iter().zip(&names) {
                for &(partition, value) in &topic.offsets {
                    let partition = i32::try_from(partition).unwrap_or(i32::MAX);
                    let element = sys::rd_kafka_topic_partition_list_add(list.get(), name.as_ptr(), partition);
                    (*element).offset = value;
                }
            }
            let request = sys::rd_kafka_AlterConsumerGroupOffsets_new(group.as_ptr(), list.get());
            let request = Owned::new(request, sys::rd_kafka_AlterConsumerGroupOffsets_destroy)?;
            let mut requests = [request.get()];
            sys::rd_kafka_AlterConsumerGroupOffsets(
                self.rk,
                requests.as_mut_ptr(),
                requests.len(),
                options.get(),
                self.queue.get(),
            );
        }
        Ok(())
    }
}

/// # Safety
/// `event` is a valid result of AlterConsumerGroupOffsets.
pub(super) unsafe fn read_altered(event: *mut sys::rd_kafka_event_t, each: &mut impl FnMut(Answer<'_>)) {
    // SAFETY: groups, lists and elements live as long as the event; a list's elements are `cnt` in number.
    unsafe {
        let result = sys::rd_kafka_event_AlterConsumerGroupOffsets_result(event);
        for &group in array(result, sys::rd_kafka_AlterConsumerGroupOffsets_result_groups) {
            let error = sys::rd_kafka_group_result_error(group);
            if !error.is_null() {
                each(Answer::Partly(failure(error)));
            }
            if let Some(list) = sys::rd_kafka_group_result_partitions(group).as_ref() {
                for i in 0..usize::try_from(list.cnt).unwrap_or(0) {
                    each(offset(list.elems.add(i)));
                }
            }
        }
    }
}
