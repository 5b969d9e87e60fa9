//! Slowing down whoever guesses passwords. Pure: the clock is an argument.
use std::collections::HashMap;
use std::time::Duration;

use convergio_store::Millis;

/// So many wrong passwords are free.
const FREE: u32 = 5;

/// No wait is longer, so that nobody can lock somebody else out for good.
const LONGEST: Millis = 15 * 60 * 1000;

/// After so long without an attempt, all is forgotten.
const FORGET: Millis = 60 * 60 * 1000;

/// More names are not remembered; whoever tries so many is slowed down by the hashing.
const MOST: usize = 10_000;

/// Failed logins by name: after five, each further one doubles the wait, from a second to 15 minutes.
#[derive(Debug, Default)]
pub struct Throttle(HashMap<String, Failures>);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Millis,
}

impl Failures {
    fn wait(self) -> Millis {
        match self.count.checked_sub(FREE) {
            None => 0,
            Some(more) => 1000_i64.saturating_mul(1 << more.min(20)).min(LONGEST),
        }
    }
}

impl Throttle {
    /// How long this name must wait at `now`, if at all.
    pub fn wait(&self, name: &str, now: Millis) -> Option<Duration> {
        let failures = self.0.get(&key(name))?;
        let left = failures.last.saturating_add(failures.wait()).saturating_sub(now);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis)
    }

    /// Notes a wrong password.
    pub fn failed(&mut self, name: &str, now: Millis) {
        if self.0.len() >= MOST {
            self.0.retain(|_, failures| now.saturating_sub(failures.last) < FORGET);
        }
        if self.0.len() >= MOST && !self.0.contains_key(&key(name)) {
            return;
        }
        let failures = self.0.entry(key(name)).or_insert(Failures { count: 0, last: now });
        if now.saturating_sub(failures.last) >= FORGET {
            failures.count = 0;
        }
        *failures = Failures { count: failures.count.saturating_add(1), last: now };
    }

    /// Forgets a name that got its password right.
    pub fn succeeded(&mut self, name: &str) {
        self.0.remove(&key(name));
    }
}

fn key(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_each_failure_doubles_the_wait_up_to_a_limit() {
        let mut throttle = Throttle::default();
        let mut waits = Vec::new();
        for _ in 0..18 {
            throttle.failed("A@example.org", 0);
            waits.push(throttle.wait("a@EXAMPLE.org", 0).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits[..8], [0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(waits[16..], [900, 900]);
        assert_eq!(throttle.wait("a@example.org", LONGEST), None);
        assert_eq!(throttle.wait("b@example.org", 0), None);
        throttle.succeeded("a@example.org");
        assert_eq!(throttle.wait("a@example.org", 0), None);
    }

    #[test]
    fn an_hour_of_peace_and_all_is_forgotten() {
        let mut throttle = Throttle::default();
        (0..10).for_each(|_| throttle.failed("a", 0));
        throttle.failed("a", FORGET);
        assert_eq!(throttle.wait("a", FORGET), None);
    }

    #[test]
    fn it_remembers_only_so_many() {
        let mut throttle = Throttle::default();
        (0..MOST + 10).for_each(|number| throttle.failed(&number.to_string(), 0));
        assert_eq!(throttle.0.len(), MOST);
        throttle.failed("late", FORGET);
        assert_eq!(throttle.0.len(), 1);
    }
}
