//! Turns at what tests share. A test that waits for its turn costs nothing, so every test has a thread
//! from the start, and these locks alone say what runs beside what.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread::current,
    time::Instant,
};

/// Waits for a turn, and tells `cargo cluster test --times` for how long: of the test's time it is no part.
pub(crate) fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let turn = wait();
    if let Some(test) = current().name() {
        cluster::test::waited(test, began.elapsed());
    }
    turn
}

/// One at a time, and those alike in a row: who comes after their like finds what they need already there.
pub(crate) struct Turns {
    state: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    taken: bool,
    /// What the last one was like.
    last: Option<&'static str>,
    waiting: Vec<&'static str>,
}

/// Ends with the value.
pub(crate) struct Turn<'a> {
    of: &'a Turns,
    after_its_like: bool,
}

impl Turns {
    pub(crate) const fn new() -> Self {
        Self {
            state: Mutex::new(Queue {
                taken: false,
                last: None,
                waiting: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn take(&self, kind: &'static str) -> Turn<'_> {
        waiting(|| self.next(kind))
    }

    fn next(&self, kind: &'static str) -> Turn<'_> {
        let mut queue = lock(&self.state);
        queue.waiting.push(kind);
        let mut queue = self
            .changed
            .wait_while(queue, |queue| !queue.lets_in(kind))
            .unwrap_or_else(PoisonError::into_inner);
        let place = queue.waiting.iter().position(|waiting| *waiting == kind);
        queue.waiting.swap_remove(place.expect("it waited"));
        queue.taken = true;
        Turn {
            of: self,
            after_its_like: queue.last.replace(kind) == Some(kind),
        }
    }
}

impl Queue {
    fn lets_in(&self, kind: &str) -> bool {
        let likes_wait = self.last.is_some_and(|last| self.waiting.contains(&last));
        !self.taken && (!likes_wait || self.last == Some(kind))
    }
}

impl Turn<'_> {
    /// Whether the turn before was of the same kind.
    pub(crate) fn is_after_its_like(&self) -> bool {
        self.after_its_like
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.of.state).taken = false;
        self.of.changed.notify_all();
    }
}

/// Many who look, or one who changes. After each who changes, all who wait to look have their turn:
/// they hold up others, and would otherwise come after every change there is.
pub(crate) struct LookOrChange {
    state: Mutex<Looks>,
    changed: Condvar,
}

#[derive(Default)]
struct Looks {
    looking: usize,
    changing: bool,
    waiting_to_look: usize,
    waiting_to_change: usize,
    /// How many changes have ended.
    changes: u64,
}

pub(crate) struct Look<'a>(&'a LookOrChange);

pub struct Change<'a>(&'a LookOrChange);

impl LookOrChange {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn look(&self) -> Look<'_> {
        waiting(|| self.next_look())
    }

    pub(crate) fn change(&self) -> Change<'_> {
        waiting(|| self.next_change())
    }

    fn next_look(&self) -> Look<'_> {
        let mut state = lock(&self.state);
        if state.changing || state.waiting_to_change > 0 {
            let since = state.changes;
            state.waiting_to_look += 1;
            // Who ended the change has counted it among those who look.
            let waited = self
                .changed
                .wait_while(state, |state| state.changes == since);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        } else {
            state.looking += 1;
        }
        Look(self)
    }

    fn next_change(&self) -> Change<'_> {
        let mut state = lock(&self.state);
        state.waiting_to_change += 1;
        let mut state = self
            .changed
            .wait_while(state, |state| state.changing || state.looking > 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting_to_change -= 1;
        state.changing = true;
        Change(self)
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).looking -= 1;
        self.0.changed.notify_all();
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.changing = false;
        state.changes += 1;
        state.looking += std::mem::take(&mut state.waiting_to_look);
        self.0.changed.notify_all();
    }
}

/// A few at a time, whoever they are: the machine has two processors.
pub(crate) struct Places {
    free: Mutex<usize>,
    changed: Condvar,
}

/// Given back with the value.
pub(crate) struct Place<'a>(&'a Places);

impl Places {
    pub(crate) const fn new(count: usize) -> Self {
        Self {
            free: Mutex::new(count),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn take(&self) -> Place<'_> {
        waiting(|| self.next())
    }

    fn next(&self) -> Place<'_> {
        let mut free = self
            .changed
            .wait_while(lock(&self.free), |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.changed.notify_one();
    }
}

/// A test that fails with a turn taken does not spoil it for the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::thread::{scope, yield_now};

    use super::*;

    /// Runs all at once, each started when all before it wait; gives the order of their turns.
    /// The first keeps its turn until all the others wait.
    fn order(
        turns: &[&'static str],
        waiting: impl Fn() -> usize + Sync,
        take: impl Fn(&'static str, &dyn Fn()) + Sync,
    ) -> String {
        let order = Mutex::new(String::new());
        let (order_of, waiting, take) = (&order, &waiting, &take);
        scope(|scope| {
            for (number, turn) in turns.iter().enumerate() {
                scope.spawn(move || {
                    take(turn, &|| {
                        lock(order_of).push_str(turn);
                        while number == 0 && waiting() < turns.len() - 1 {
                            yield_now();
                        }
                    });
                });
                while number == 0 && lock(order_of).is_empty() || waiting() < number {
                    // The last one lets the first go on, and then nobody waits any more.
                    if number + 1 == turns.len() {
                        break;
                    }
                    yield_now();
                }
            }
        });
        order.into_inner().unwrap()
    }

    #[test]
    fn those_alike_come_in_a_row() {
        let turns = Turns::new();
        let waiting = || lock(&turns.state).waiting.len();
        // Often: threads that nothing orders may come in a row as well.
        for _ in 0..50 {
            let order = order(&["a", "b", "a", "b", "a"], waiting, |kind, run| {
                let _turn = turns.take(kind);
                run();
            });
            assert_eq!(order, "aaabb");
        }
    }

    #[test]
    fn who_waits_to_look_comes_after_one_change() {
        let turns = LookOrChange::new();
        let waiting = || {
            let state = lock(&turns.state);
            state.waiting_to_look + state.waiting_to_change
        };
        let order = order(&["c", "c", "c", "l", "l"], waiting, |turn, run| {
            if turn == "c" {
                let _change = turns.change();
                run();
            } else {
                let _look = turns.look();
                run();
            }
        });
        assert_eq!(order, "cllcc");
    }
}
