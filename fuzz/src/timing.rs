//! No input takes longer than 50 ms per MiB: what may be one that does is kept, for a program without counters and checks
//! to tell.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cpu_time::ThreadTime;

/// Nanoseconds for a MiB that a release may take; what takes longer here is kept in the folder that `SLOW` names.
const WANTED: f64 = 50e6;
/// The same for what must be endless, or grow with the square of its input: the counters and the checks make this program
/// several times slower than a release.
const ALLOWED: f64 = 20.0 * WANTED;
/// A shorter input counts as one of this length: to begin takes time, too.
const SHORT: usize = 16 << 10;

/// The slowest so far, in nanoseconds per MiB.
static SLOWEST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Does with an input what a target does.
pub fn run(data: &[u8], check: impl Fn(&[u8])) {
    INPUT.with_borrow_mut(|input| {
        input.clear();
        input.extend_from_slice(data);
    });
    check(data);
}

/// Keeps the input that is being tried.
fn keep(nanoseconds: u64) {
    if let Some(folder) = std::env::var_os("SLOW") {
        let path = std::path::Path::new(&folder).join(nanoseconds.to_string());
        INPUT.with_borrow(|input| std::fs::write(path, input).expect("a folder"));
    }
}

/// Does something with an input of this length, in the time that it may take of the processor. What is slow is done some
/// times more: the caches may have been another's.
pub fn timed<T>(length: usize, work: impl Fn() -> T) -> T {
    let length = length.max(SHORT) as f64;
    let began = ThreadTime::now();
    let made = work();
    let mut took = began.elapsed();
    let per_mebibyte = |took: Duration| took.as_nanos() as f64 / length * 1048576.0;
    let mut again = 0;
    while per_mebibyte(took) > SLOWEST.load(Ordering::Relaxed) as f64 && again < 5 {
        let began = ThreadTime::now();
        drop(work());
        took = took.min(began.elapsed());
        again += 1;
    }
    let slow = per_mebibyte(took);
    if slow > SLOWEST.load(Ordering::Relaxed) as f64 {
        SLOWEST.store(slow as u64, Ordering::Relaxed);
        // The runner looks for the last of these lines.
        eprintln!("SLOWEST {:.3} ms per MiB", slow / 1e6);
        if slow > WANTED {
            keep(slow as u64);
        }
    }
    assert!(slow <= ALLOWED, "too slow: {took:?} for {length} bytes");
    made
}
