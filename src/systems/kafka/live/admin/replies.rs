//! The contents of replies, passed on item by item. The rules of soundness are those of the module above; nothing is added to them.

use rdkafka::bindings as sys;

use super::{
    Answer, Failure, array, failure, offset, rd_kafka_ConfigResource_error, rd_kafka_ConsumerGroupListing_state, text,
};

/// # Safety
/// `event` is a valid result of ListConsumerGroups.
pub(super) unsafe fn groups(event: *mut sys::rd_kafka_event_t, each: &mut impl FnMut(Answer<'_>)) {
    // SAFETY: both arrays live as long as the event, and each is as long as librdkafka states.
    unsafe {
        let result = sys::rd_kafka_event_ListConsumerGroups_result(event);
        for &listing in array(result, sys::rd_kafka_ListConsumerGroups_result_valid) {
            let state = match rd_kafka_ConsumerGroupListing_state(listing) {
                1 => "PreparingRebalance",
                2 => "CompletingRebalance",
                3 => "Stable",
                4 => "Dead",
                5 => "Empty",
                _ => "",
            };
            each(Answer::Group(text(sys::rd_kafka_ConsumerGroupListing_group_id(listing)), state));
        }
        for &error in array(result, sys::rd_kafka_ListConsumerGroups_result_errors) {
            each(Answer::Partly(failure(error)));
        }
    }
}

/// # Safety
/// `event` is a valid result of ListConsumerGroupOffsets.
pub(super) unsafe fn commits(event: *mut sys::rd_kafka_event_t, each: &mut impl FnMut(Answer<'_>)) {
    // SAFETY: groups, lists and elements live as long as the event; a list's elements are `cnt` in number.
    unsafe {
        let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(event);
        for &group in array(result, sys::rd_kafka_ListConsumerGroupOffsets_result_groups) {
            let error = sys::rd_kafka_group_result_error(group);
            if !error.is_null() {
                each(Answer::Partly(failure(error)));
            }
            let list = sys::rd_kafka_group_result_partitions(group);
            if let Some(list) = list.as_ref() {
                for i in 0..usize::try_from(list.cnt).unwrap_or(0) {
                    each(offset(list.elems.add(i)));
                }
            }
        }
    }
}

/// # Safety
/// `event` is a valid result of ListOffsets.
pub(super) unsafe fn bounds(event: *mut sys::rd_kafka_event_t, each: &mut impl FnMut(Answer<'_>)) {
    // SAFETY: infos and their partitions live as long as the event.
    unsafe {
        let result = sys::rd_kafka_event_ListOffsets_result(event);
        for &info in array(result, sys::rd_kafka_ListOffsets_result_infos) {
            each(offset(sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info)));
        }
    }
}

/// # Safety
/// `event` is a valid result of DescribeConfigs.
pub(super) unsafe fn configs(event: *mut sys::rd_kafka_event_t, each: &mut impl FnMut(Answer<'_>)) {
    // SAFETY: resources and entries live as long as the event.
    unsafe {
        let result = sys::rd_kafka_event_DescribeConfigs_result(event);
        for &resource in array(result, sys::rd_kafka_DescribeConfigs_result_resources) {
            let name = text(sys::rd_kafka_ConfigResource_name(resource));
            let code = rd_kafka_ConfigResource_error(resource);
            if code != 0 {
                let why = text(sys::rd_kafka_ConfigResource_error_string(resource));
                each(Answer::Partly(Failure { code, text: format!("{name}: {why}") }));
                continue;
            }
            for &entry in array(resource, sys::rd_kafka_ConfigResource_configs) {
                let (key, value) = (sys::rd_kafka_ConfigEntry_name(entry), sys::rd_kafka_ConfigEntry_value(entry));
                each(Answer::Config(name, text(key), text(value)));
            }
        }
    }
}
