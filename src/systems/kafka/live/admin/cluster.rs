//! The operations that a login may do on a cluster as a whole (KIP-430): reported by the brokers with their metadata. The rules of
//! soundness are those of the module above; nothing is added to them.

use std::{
    ffi::{c_char, c_int, c_uint},
    time::Duration,
};

use rdkafka::bindings as sys;

use super::{Answer, Batch, Failure, Owned, failure, internal};

// The binding's own declaration, with operations as the integers they are in C.
unsafe extern "C" {
    fn rd_kafka_DescribeCluster_result_authorized_operations(
        result: *const sys::rd_kafka_DescribeCluster_result_t,
        count: *mut usize,
    ) -> *const c_uint;
}

/// `RD_KAFKA_ACL_OPERATION_DESCRIBE`.
const DESCRIBE: c_uint = 8;

impl Batch<'_> {
    /// Queries a broker for the operations that this login may do on the cluster. No topic is queried. The broker is named: without that
    /// the controller is queried, and some clusters report none.
    pub(in super::super) fn cluster(&self, broker: i32, timeout: Duration, tag: usize) -> Result<(), Failure> {
        const YES: c_int = 1;
        let mut text = [0 as c_char; 128];
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, timeout, tag)?;
        // SAFETY: the options are valid and ours, and the call copies them; `text` is as long as stated. A returned error object is ours to
        // destroy.
        unsafe {
            let error = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), YES);
            if let Ok(error) = Owned::new(error, sys::rd_kafka_error_destroy) {
                return Err(failure(error.get()));
            }
            let set = sys::rd_kafka_AdminOptions_set_broker;
            let code = set(options.get(), broker, text.as_mut_ptr(), text.len());
            if code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(internal("librdkafka refuses the broker that is to be asked"));
            }
            sys::rd_kafka_DescribeCluster(self.rk, options.get(), self.queue.get());
        }
        Ok(())
    }
}

/// # Safety
/// `event` is a valid result of DescribeCluster.
pub(super) unsafe fn read_cluster(event: *mut sys::rd_kafka_event_t, each: &mut impl FnMut(Answer<'_>)) {
    // SAFETY: the operations live as long as the event and are as many as librdkafka states; null where the broker reported none, and then
    // their number has no meaning.
    let may = unsafe {
        let result = sys::rd_kafka_event_DescribeCluster_result(event);
        let mut count = 0;
        let first = rd_kafka_DescribeCluster_result_authorized_operations(result, &raw mut count);
        match (first.is_null(), count) {
            (true, _) => None,
            (false, 0) => Some(false),
            (false, count) => Some(std::slice::from_raw_parts(first, count).contains(&DESCRIBE)),
        }
    };
    each(Answer::MayDescribe(may));
}
