//! The admin calls that are missing in rdkafka's safe interface: consumer groups, their committed offsets and the bounds of partitions'
//! logs, with many requests in flight on one queue; DescribeConfigs, which it offers only with a client and a thread of its own; in
//! `cluster.rs` the permissions of a login; and, in `alter.rs`, the one call that changes something. `replies.rs` reads the replies to the
//! calls of this file.
//!
//! The only `unsafe` of the program, with the files below it. The use of the results is defined elsewhere.
//!
//! # Why it is sound
//! * Every native object is owned by one value ([`Owned`]) that destroys it once, on drop. A [`Batch`] borrows the client, so no queue,
//!   event or request outlives the `rd_kafka_t` it was made for.
//! * librdkafka copies the arguments of a request (group names, partition lists, options) before the call returns: objects made here for
//!   a call are dropped after it.
//! * The contents of an event live as long as the event. They are only read inside [`Batch::next`], passed on as borrows that end with
//!   the callback, or copied.
//! * Codes are read as plain integers (the `extern` block below): the bindings' enums would be undefined for a code that a newer broker
//!   may send.
#![expect(
    unsafe_code,
    reason = "rdkafka 0.39 has no safe ListConsumerGroups, ListConsumerGroupOffsets, ListOffsets and DescribeCluster"
)]

mod alter;
mod cluster;
mod replies;

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    marker::PhantomData,
    ptr::{NonNull, null, without_provenance_mut},
    time::Duration,
};

use rdkafka::{
    bindings as sys,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
};

// The bindings' own declarations with codes and states as the integers they are in C.
unsafe extern "C" {
    fn rd_kafka_event_error(event: *mut sys::rd_kafka_event_t) -> c_int;
    fn rd_kafka_error_code(error: *const sys::rd_kafka_error_t) -> c_int;
    fn rd_kafka_err2str(code: c_int) -> *const c_char;
    fn rd_kafka_ConsumerGroupListing_state(listing: *const sys::rd_kafka_ConsumerGroupListing_t) -> c_int;
    fn rd_kafka_ConfigResource_error(resource: *const sys::rd_kafka_ConfigResource_t) -> c_int;
}

/// An error reported by librdkafka or a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Kafka's error code; negative ones are librdkafka's own.
    pub(super) code: i32,
    /// The error text.
    pub(super) text: String,
}

/// One item of a reply. Borrowed parts live until the callback returns.
pub(super) enum Answer<'e> {
    /// To [`Batch::groups`]: a group and the name of its state, one by one.
    Group(&'e str, &'static str),
    /// To [`Batch::commits`], [`Batch::bounds`] and [`Batch::alter`]: topic, partition, offset.
    Offset(&'e str, i32, Result<i64, Failure>),
    /// To [`Batch::configs`]: topic, key, value.
    Config(&'e str, &'e str, &'e str),
    /// To [`Batch::cluster`]: whether this login has DESCRIBE on the cluster; none: the broker does not report it.
    MayDescribe(Option<bool>),
    /// A part of the request failed: a broker of several, a topic of several.
    Partly(Failure),
}

/// A position in a partition's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Its first record that still exists.
    Start,
    /// Its high watermark.
    End,
    /// Its last stable offset.
    Stable,
}

/// A native object and the function that destroys it.
struct Owned<T> {
    ptr: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// # Safety
    /// `ptr` is null or an object that nothing else destroys, and `destroy` is librdkafka's destructor for it.
    unsafe fn new(ptr: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self, Failure> {
        NonNull::new(ptr).map(|ptr| Self { ptr, destroy }).ok_or_else(|| internal("librdkafka made no object"))
    }

    const fn get(&self) -> *mut T {
        self.ptr.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: by the contract of `new` this is the one and only destruction, by the right function.
        unsafe { (self.destroy)(self.ptr.as_ptr()) }
    }
}

/// Requests in flight on one queue. Dropping it abandons unanswered requests: librdkafka destroys late replies itself.
pub(super) struct Batch<'c> {
    queue: Owned<sys::rd_kafka_queue_t>,
    rk: *mut sys::rd_kafka_t,
    /// No longer than the client.
    client: PhantomData<&'c ()>,
}

impl<'c> Batch<'c> {
    /// A queue without requests.
    pub(super) fn new<C: ConsumerContext>(client: &'c BaseConsumer<C>) -> Result<Self, Failure> {
        let rk = client.client().native_ptr();
        // SAFETY: `rk` is valid while `client` is borrowed; the queue is new and ours.
        let queue = unsafe { Owned::new(sys::rd_kafka_queue_new(rk), sys::rd_kafka_queue_destroy)? };
        Ok(Self { queue, rk, client: PhantomData })
    }

    /// Options of a request: its time-out, and the tag that identifies its reply.
    fn options(
        &self,
        op: sys::rd_kafka_admin_op_t,
        timeout: Duration,
        tag: usize,
    ) -> Result<Owned<sys::rd_kafka_AdminOptions_t>, Failure> {
        let ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX).max(1);
        let mut text = [0 as c_char; 128];
        // SAFETY: `rk` is valid as long as `self`; the options are new and ours; `text` is as long as stated. The tag is passed as a
        // pointer that is never dereferenced.
        let (options, code) = unsafe {
            let options = Owned::new(sys::rd_kafka_AdminOptions_new(self.rk, op), sys::rd_kafka_AdminOptions_destroy)?;
            let set = sys::rd_kafka_AdminOptions_set_request_timeout;
            let code = set(options.get(), ms, text.as_mut_ptr(), text.len());
            sys::rd_kafka_AdminOptions_set_opaque(options.get(), without_provenance_mut::<c_void>(tag));
            (options, code)
        };
        if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            Ok(options)
        } else {
            Err(internal("librdkafka refuses the request time-out"))
        }
    }

    /// Queries every broker for its consumer groups.
    pub(super) fn groups(&self, timeout: Duration, tag: usize) -> Result<(), Failure> {
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, timeout, tag)?;
        // SAFETY: all three are valid for the call, which copies the options and takes its own reference to the queue.
        unsafe { sys::rd_kafka_ListConsumerGroups(self.rk, options.get(), self.queue.get()) };
        Ok(())
    }

    /// Queries a group's coordinator for all its commits.
    pub(super) fn commits(&self, group: &str, timeout: Duration, tag: usize) -> Result<(), Failure> {
        let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
        let options = self.options(op, timeout, tag)?;
        let group = c_string(group)?;
        // SAFETY: the request is new and ours; the name is copied into it. A null list means all partitions. The call takes an array of
        // exactly one request and copies it.
        unsafe {
            let destroy = sys::rd_kafka_ListConsumerGroupOffsets_destroy;
            let request = Owned::new(sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), null()), destroy)?;
            let mut requests = [request.get()];
            sys::rd_kafka_ListConsumerGroupOffsets(
                self.rk,
                requests.as_mut_ptr(),
                requests.len(),
                options.get(),
                self.queue.get(),
            );
        }
        Ok(())
    }

    /// Queries the leaders of these partitions for a position in each log.
    pub(super) fn bounds<'t>(
        &self,
        partitions: impl IntoIterator<Item = (&'t CStr, i32)>,
        bound: Bound,
        timeout: Duration,
        tag: usize,
    ) -> Result<(), Failure> {
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS, timeout, tag)?;
        // The same request returns the last stable offset with read_committed, and the high watermark otherwise.
        let level = match bound {
            Bound::Stable => sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
            Bound::Start | Bound::End => sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
        };
        let spec = match bound {
            Bound::Start => sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST,
            Bound::End | Bound::Stable => sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST,
        };
        // SAFETY: options and list are valid and ours. A returned error object is ours to destroy. `add` never returns null (it
        // aborts without memory), and its element is written before the list grows again. The call copies the list.
        unsafe {
            let error = sys::rd_kafka_AdminOptions_set_isolation_level(options.get(), level);
            if let Ok(error) = Owned::new(error, sys::rd_kafka_error_destroy) {
                return Err(failure(error.get()));
            }
            let list =
                Owned::new(sys::rd_kafka_topic_partition_list_new(64), sys::rd_kafka_topic_partition_list_destroy)?;
            for (topic, partition) in partitions {
                let element = sys::rd_kafka_topic_partition_list_add(list.get(), topic.as_ptr(), partition);
                (*element).offset = spec as i64;
            }
            sys::rd_kafka_ListOffsets(self.rk, list.get(), options.get(), self.queue.get());
        }
        Ok(())
    }

    /// Queries the configuration of topics.
    pub(super) fn configs(&self, topics: &[CString], timeout: Duration, tag: usize) -> Result<(), Failure> {
        let options = self.options(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout, tag)?;
        // SAFETY: each resource is new and ours, its name copied into it; the array is as long as stated; the call copies all of it.
        unsafe {
            let topic = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
            let resources = topics
                .iter()
                .map(|name| {
                    let resource = sys::rd_kafka_ConfigResource_new(topic, name.as_ptr());
                    Owned::new(resource, sys::rd_kafka_ConfigResource_destroy)
                })
                .collect::<Result<Vec<_>, _>>()?;
            let mut array: Vec<_> = resources.iter().map(Owned::get).collect();
            sys::rd_kafka_DescribeConfigs(self.rk, array.as_mut_ptr(), array.len(), options.get(), self.queue.get());
        }
        Ok(())
    }

    /// Waits for one reply and passes its contents to the callback, item by item. Returns the tag of the request, and whether it failed as
    /// a whole. None if no reply arrived.
    pub(super) fn next(
        &self,
        wait: Duration,
        mut each: impl FnMut(usize, Answer<'_>),
    ) -> Option<(usize, Result<(), Failure>)> {
        let ms = c_int::try_from(wait.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the queue is ours, and so is the event returned by it, until `event` is dropped at the end of this function.
        let event =
            unsafe { Owned::new(sys::rd_kafka_queue_poll(self.queue.get(), ms), sys::rd_kafka_event_destroy).ok()? };
        let event = event.get();
        // SAFETY: the event is valid; only requests made here, each with a tag, are answered on this queue.
        let (tag, code) = unsafe { (sys::rd_kafka_event_opaque(event).addr(), rd_kafka_event_error(event)) };
        if code != 0 {
            // SAFETY: a valid event of a failed request has a string that lives as long as it.
            let text = unsafe { text(sys::rd_kafka_event_error_string(event)) };
            return Some((tag, Err(Failure { code, text: text.to_owned() })));
        }
        let mut each = |answer: Answer<'_>| each(tag, answer);
        // SAFETY: the event is valid, and each function is called for the kind of event it reads.
        unsafe {
            match sys::rd_kafka_event_type(event) {
                sys::RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT => replies::groups(event, &mut each),
                sys::RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT => replies::commits(event, &mut each),
                sys::RD_KAFKA_EVENT_LISTOFFSETS_RESULT => replies::bounds(event, &mut each),
                sys::RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT => replies::configs(event, &mut each),
                sys::RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT => cluster::read_cluster(event, &mut each),
                sys::RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT => alter::read_altered(event, &mut each),
                other => return Some((tag, Err(internal(&format!("librdkafka answered with an event {other}"))))),
            }
        }
        Some((tag, Ok(())))
    }
}

/// An array that librdkafka returns as a pointer and a count.
///
/// # Safety
/// `of` is valid for `'e`, and so is what `get` returns for it.
unsafe fn array<'e, R, T>(
    of: *const R,
    get: unsafe extern "C" fn(*const R, *mut usize) -> *mut *const T,
) -> &'e [*const T] {
    let mut len = 0;
    // SAFETY: by the contract of this function; an empty array may be null.
    unsafe {
        let first = get(of, &raw mut len);
        if first.is_null() || len == 0 { &[] } else { std::slice::from_raw_parts(first, len) }
    }
}

/// One element of a partition list.
///
/// # Safety
/// `element` is valid for `'e`.
unsafe fn offset<'e>(element: *const sys::rd_kafka_topic_partition_t) -> Answer<'e> {
    // SAFETY: by the contract of this function. The code is read as the integer it is in C, see the module documentation; `err2str` returns
    // a static string for any number.
    unsafe {
        let code = (&raw const (*element).err).cast::<c_int>().read();
        let topic = text((*element).topic);
        let offset = match code {
            0 => Ok((*element).offset),
            code => Err(Failure { code, text: text(rd_kafka_err2str(code)).to_owned() }),
        };
        Answer::Offset(topic, (*element).partition, offset)
    }
}

/// # Safety
/// `error` is a valid error object, or null.
unsafe fn failure(error: *const sys::rd_kafka_error_t) -> Failure {
    // SAFETY: by the contract of this function; librdkafka's accessors take null for "no error".
    unsafe {
        let (code, words) = (rd_kafka_error_code(error), sys::rd_kafka_error_string(error));
        Failure { code, text: text(words).to_owned() }
    }
}

/// A C string as text. Kafka's names are ASCII by rule; a name that is not UTF-8 cannot match a plan.
///
/// # Safety
/// `ptr` is null or a string that lives for `'e`.
unsafe fn text<'e>(ptr: *const c_char) -> &'e str {
    if ptr.is_null() {
        return "";
    }
    // SAFETY: by the contract of this function.
    unsafe { CStr::from_ptr(ptr) }.to_str().unwrap_or("")
}

/// A name as a C string.
pub(super) fn c_string(name: &str) -> Result<CString, Failure> {
    CString::new(name).map_err(|_| internal("a name with a null byte in it"))
}

/// `RD_KAFKA_RESP_ERR__FAIL`: librdkafka's own code for errors without a specific one.
const FAIL: i32 = -196;

fn internal(text: &str) -> Failure {
    Failure { code: FAIL, text: text.to_owned() }
}
