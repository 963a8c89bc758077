use super::*;
use std::sync::mpsc;
use tokio::runtime::Runtime;

/// Counts how often it had nothing to do.
#[derive(Default)]
struct Bench {
    idled: Option<mpsc::Sender<()>>,
}

impl Workplace for Bench {
    fn idle(&mut self) {
        if let Some(idled) = &self.idled {
            let _ = idled.send(());
        }
    }
}

const LONG: Duration = Duration::from_secs(600);

fn queue(threads: usize, queue_max: usize, wait_max: Duration) -> (Arc<WorkQueue<Bench>>, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    let benches = (0..threads).map(|_| Bench::default()).collect();
    let queue = WorkQueue::start(benches, queue_max, wait_max, Arc::clone(&counters)).unwrap();
    (Arc::new(queue), counters)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// Keeps one thread of the queue busy until the returned sender is dropped.
fn occupy(runtime: &Runtime, queue: &Arc<WorkQueue<Bench>>) -> mpsc::Sender<()> {
    let (gate, opened) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let permit = queue.admit().unwrap();
    let queue = Arc::clone(queue);
    runtime.spawn(async move {
        let work = move |_: &mut Bench| {
            began.send(()).unwrap();
            let _ = opened.recv();
        };
        queue.run(permit, work).await
    });
    has_begun.recv().unwrap();
    gate
}

#[test]
fn a_full_queue_turns_the_next_caller_away_and_a_finished_job_frees_its_place() {
    let (queue, _) = queue(1, 2, LONG);
    let runtime = runtime();
    let gate = occupy(&runtime, &queue);
    let first = queue.admit().unwrap();
    let second = queue.admit().unwrap();
    assert_eq!(queue.taken(), 3);
    let refused = queue.admit().err();
    assert!(refused.is_some_and(|wait| wait >= RETRY_AFTER_MIN), "{refused:?}");
    drop(first);
    assert!(queue.admit().is_ok(), "a permit given back is a place");
    drop(gate);
    assert_eq!(runtime.block_on(queue.run(second, |_| 7)), Ok(7));
    assert_eq!(queue.taken(), 0, "the place is free before the caller hears of it");
}

#[test]
fn retry_after_is_the_average_times_the_jobs_ahead_of_each_thread() {
    let (queue, _) = queue(2, 6, LONG);
    let permits: Vec<_> = (0..8).map(|_| queue.admit().unwrap()).collect();
    let average = |took: Duration| {
        queue.shared.average_nanos.store(u64::try_from(took.as_nanos()).unwrap(), Ordering::Relaxed);
    };
    for (took, expected) in [
        (Duration::from_millis(10), RETRY_AFTER_MIN),
        (Duration::from_secs(2), Duration::from_secs(8)),
        (Duration::from_secs(90), RETRY_AFTER_MAX),
    ] {
        average(took);
        assert_eq!(queue.admit().err(), Some(expected), "{took:?}");
    }
    average(Duration::from_secs(8));
    queue.shared.remember(Duration::from_secs(16));
    let moved = queue.shared.average_nanos.load(Ordering::Relaxed);
    assert_eq!(moved, 9_000_000_000, "one part in {AVERAGE_OVER} of the newest");
    drop(permits);
}

#[test]
fn a_job_whose_caller_went_away_before_its_turn_is_skipped() {
    let (queue, counters) = queue(1, 4, LONG);
    let runtime = runtime();
    let gate = occupy(&runtime, &queue);
    let (ran, was_run) = mpsc::channel::<&str>();
    let abandoned = {
        let permit = queue.admit().unwrap();
        let (queue, ran) = (Arc::clone(&queue), ran.clone());
        runtime.spawn(async move { queue.run(permit, move |_| ran.send("abandoned").unwrap()).await })
    };
    while queue.shared.lock().jobs.is_empty() {
        thread::yield_now();
    }
    abandoned.abort();
    assert!(runtime.block_on(abandoned).unwrap_err().is_cancelled());
    let kept = queue.admit().unwrap();
    drop(gate);
    runtime.block_on(queue.run(kept, move |_| ran.send("kept").unwrap())).unwrap();
    assert_eq!(was_run.iter().collect::<Vec<_>>(), ["kept"]);
    assert_eq!(counters.read().abandoned, 1);
    assert_eq!(queue.taken(), 0, "the skipped job gave its place back");
}

#[test]
fn jobs_are_done_first_come_first_served() {
    let (queue, _) = queue(1, 16, LONG);
    let runtime = runtime();
    let gate = occupy(&runtime, &queue);
    let (done, order) = mpsc::channel();
    let mut waiting = Vec::new();
    for number in 0..16 {
        let permit = queue.admit().unwrap();
        let (asked, done) = (Arc::clone(&queue), done.clone());
        waiting
            .push(runtime.spawn(async move { asked.run(permit, move |_| done.send(number).unwrap()).await }));
        while queue.shared.lock().jobs.len() <= number {
            thread::yield_now();
        }
    }
    drop((gate, done));
    for job in waiting {
        runtime.block_on(job).unwrap().unwrap();
    }
    assert_eq!(order.iter().collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
}

#[test]
fn a_job_that_waited_too_long_is_answered_and_not_done() {
    let (queue, counters) = queue(1, 4, Duration::ZERO);
    let permit = queue.admit().unwrap();
    let done = runtime().block_on(queue.run(permit, |_| panic!("must not run")));
    assert_eq!(done, Err::<(), _>(NotDone::WaitedTooLong));
    // The thread counts after it has answered.
    let start = Instant::now();
    while counters.read().expired == 0 && start.elapsed() < LONG {
        thread::yield_now();
    }
    assert_eq!(counters.read().expired, 1);
    assert_eq!(queue.taken(), 0);
}

#[test]
fn a_job_that_panics_loses_its_own_answer_and_not_the_thread() {
    let (queue, _) = queue(1, 4, LONG);
    let runtime = runtime();
    let permit = queue.admit().unwrap();
    assert_eq!(runtime.block_on(queue.run::<()>(permit, |_| panic!("on purpose"))), Err(NotDone::Gone));
    let permit = queue.admit().unwrap();
    assert_eq!(runtime.block_on(queue.run(permit, |_| 7)), Ok(7));
}

#[test]
fn a_thread_with_nothing_to_do_tidies_its_workplace() {
    let (idled, has_idled) = mpsc::channel();
    let benches = vec![Bench { idled: Some(idled) }];
    let queue = WorkQueue::start(benches, 4, LONG, Arc::new(Counters::default())).unwrap();
    has_idled.recv().unwrap();
    let permit = queue.admit().unwrap();
    runtime().block_on(queue.run(permit, |_| ())).unwrap();
    has_idled.recv().unwrap();
}

#[test]
fn dropping_the_queue_ends_its_threads() {
    let (idled, has_idled) = mpsc::channel();
    let benches = (0..3).map(|_| Bench { idled: Some(idled.clone()) }).collect();
    drop(idled);
    let queue = WorkQueue::start(benches, 4, LONG, Arc::new(Counters::default())).unwrap();
    drop(queue);
    // Every sender lives in a thread, so the end of the channel is the end of the threads.
    assert!(has_idled.iter().count() <= 3);
}

#[test]
fn a_thread_of_the_queue_gives_way_to_the_others() {
    let niceness = || rustix::process::getpriority_process(None).unwrap();
    let (queue, _) = queue(1, 0, LONG);
    let permit = queue.admit().unwrap();
    let before = niceness();
    let inside = runtime().block_on(queue.run(permit, move |_| niceness()));
    assert_eq!(inside, Ok(NICENESS.max(before)));
    assert_eq!(niceness(), before, "the caller's own priority stays");
}
