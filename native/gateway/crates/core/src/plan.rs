//! An agent plan: steps and what each must wait for.
use std::fmt;
use std::ptr::NonNull;

use convergio_core_sys::plan as sys;
use convergio_core_sys::types::core_str;

use crate::memory::Allocator;
use crate::status::{Error, Result, Status, check, check_with};
use crate::text::borrow;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanNode<'a> {
    /// Unique, not empty.
    pub id: &'a str,
    /// Ids this step waits for.
    pub deps: Vec<&'a str>,
    /// Expected duration.
    pub duration_ms: u64,
}

/// Order and critical path, as indexes into the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Every node after all it waits for; independent nodes keep their input order.
    pub order: Vec<usize>,
    /// The chain of dependencies with the greatest sum of durations.
    pub critical_path: Vec<usize>,
    /// That sum.
    pub total_ms: u64,
}

/// Why a plan was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// The core's refusal; `offset` is the index of the node at fault.
    pub error: Error,
    /// For a cycle: its members, each waiting for the next and the last for the first.
    pub cycle: Vec<usize>,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl std::error::Error for PlanError {}

impl From<Error> for PlanError {
    fn from(error: Error) -> Self {
        Self { error, cycle: Vec::new() }
    }
}

/// A validated plan.
#[derive(Debug)]
pub struct Plan {
    raw: NonNull<sys::core_plan>,
    // Keeps alive what the core's callbacks point at; dropped after `raw` is freed.
    _allocator: Allocator,
}

// SAFETY: immutable after construction; the core keeps no thread-local state.
unsafe impl Send for Plan {}
// SAFETY: only read after construction.
unsafe impl Sync for Plan {}

impl Plan {
    /// Validates `nodes`, with memory from `allocator`.
    ///
    /// # Errors
    /// The core's refusal, with the members of the cycle when there is one.
    pub fn new(
        allocator: &Allocator,
        nodes: &[PlanNode<'_>],
    ) -> std::result::Result<Self, PlanError> {
        let borrowed = Borrowed::new(nodes);
        let mut raw = std::ptr::null_mut();
        let outcome = check_with(|detail| {
            // SAFETY: nodes and their dependencies are borrowed for the call and outlive it; the
            // allocator is kept alive by the clone below; outputs are valid places.
            unsafe {
                sys::core_plan_new(
                    &allocator.as_core(),
                    borrowed.nodes.as_ptr(),
                    borrowed.nodes.len(),
                    &mut raw,
                    detail,
                )
            }
        });
        match outcome {
            Ok(()) => {
                let raw = NonNull::new(raw).expect("the core writes the object on success");
                Ok(Self { raw, _allocator: allocator.clone() })
            }
            Err(error) if error.status == Status::PlanCycle => {
                Err(PlanError { error, cycle: borrowed.cycle(allocator)? })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Order and critical path.
    ///
    /// # Errors
    /// None that this wrapper can cause; a failure of the core is passed on.
    pub fn schedule(&self) -> Result<Schedule> {
        let (mut order, mut order_len) = (std::ptr::null(), 0);
        // SAFETY: the plan is alive; outputs are valid places.
        check(unsafe { sys::core_plan_order(self.raw.as_ptr(), &mut order, &mut order_len) })?;
        let (mut path, mut path_len, mut total_ms) = (std::ptr::null(), 0, 0);
        // SAFETY: as above.
        check(unsafe {
            sys::core_plan_critical_path(self.raw.as_ptr(), &mut path, &mut path_len, &mut total_ms)
        })?;
        // SAFETY: the core lends `len` entries that live as long as the plan.
        let order = unsafe { copy(order, order_len) };
        // SAFETY: as above.
        let critical_path = unsafe { copy(path, path_len) };
        Ok(Schedule { order, critical_path, total_ms })
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: created by `core_plan_new`, freed exactly once, its allocator still alive.
        unsafe { sys::core_plan_free(self.raw.as_ptr()) }
    }
}

/// The nodes as the core reads them. `deps` owns what `nodes` point at.
struct Borrowed {
    nodes: Vec<sys::core_plan_node>,
    _deps: Vec<Vec<core_str>>,
}

impl Borrowed {
    /// The result borrows from `nodes` without saying so; it never leaves [`Plan::new`].
    fn new(nodes: &[PlanNode<'_>]) -> Self {
        let deps: Vec<Vec<core_str>> = nodes
            .iter()
            .map(|node| node.deps.iter().map(|dep| borrow(dep.as_bytes())).collect())
            .collect();
        let nodes = nodes
            .iter()
            .zip(&deps)
            .map(|(node, deps)| sys::core_plan_node {
                id: borrow(node.id.as_bytes()),
                deps: deps.as_ptr(),
                deps_len: deps.len(),
                duration_ms: node.duration_ms,
            })
            .collect();
        Self { nodes, _deps: deps }
    }

    fn cycle(&self, allocator: &Allocator) -> Result<Vec<usize>> {
        let mut members = vec![0; self.nodes.len()];
        let mut len = 0;
        check_with(|detail| {
            // SAFETY: nodes are borrowed for the call; `members` has room for each of them.
            unsafe {
                sys::core_plan_find_cycle(
                    &allocator.as_core(),
                    self.nodes.as_ptr(),
                    self.nodes.len(),
                    members.as_mut_ptr(),
                    &mut len,
                    detail,
                )
            }
        })?;
        members.truncate(len);
        Ok(members)
    }
}

/// Copies `len` entries.
///
/// # Safety
/// `data` must point at `len` readable entries, or `len` must be 0.
unsafe fn copy(data: *const usize, len: usize) -> Vec<usize> {
    if len == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, len) }.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn node<'a>(id: &'a str, deps: &[&'a str], duration_ms: u64) -> PlanNode<'a> {
        PlanNode { id, deps: deps.to_vec(), duration_ms }
    }

    #[test]
    fn the_longest_chain_is_the_critical_path() {
        let allocator = Allocator::new();
        let nodes =
            [node("ship", &["build", "docs"], 1), node("build", &[], 5), node("docs", &[], 2)];
        let schedule = Plan::new(&allocator, &nodes).unwrap().schedule().unwrap();
        assert_eq!(schedule.order, [1, 2, 0]);
        assert_eq!(schedule.critical_path, [1, 0]);
        assert_eq!(schedule.total_ms, 6);
        assert_eq!(allocator.live_blocks(), 0);
    }

    #[test]
    fn a_cycle_is_named_by_its_members() {
        let nodes = [node("a", &["b"], 1), node("b", &["c"], 1), node("c", &["b"], 1)];
        let refused = Plan::new(&Allocator::new(), &nodes).unwrap_err();
        assert_eq!(refused.error.status, Status::PlanCycle);
        assert_eq!(refused.cycle, [1, 2]);
    }

    #[test]
    fn a_node_at_fault_is_named_by_its_index() {
        let nodes = [node("a", &[], 1), node("b", &["gone"], 1)];
        let refused = Plan::new(&Allocator::new(), &nodes).unwrap_err();
        assert_eq!((refused.error.status, refused.error.offset), (Status::PlanUnknownDep, 1));
    }

    #[cfg(feature = "fault-injection")]
    #[test]
    fn every_allocation_may_fail_and_nothing_leaks() {
        let nodes = [node("a", &[], 1), node("b", &["a"], 1), node("c", &["a", "b"], 1)];
        let mut refused = 0;
        loop {
            let allocator = Allocator::new();
            allocator.fail_after(Some(refused));
            match Plan::new(&allocator, &nodes) {
                Ok(_) => break,
                Err(error) => assert_eq!(error.error.status, Status::NoMemory),
            }
            assert_eq!(allocator.live_blocks(), 0, "after failure number {refused}");
            refused += 1;
        }
        assert!(refused > 0, "a plan allocates at least once");
    }

    proptest! {
        #[test]
        fn order_respects_every_edge(edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..40)) {
            let ids: Vec<String> = (0..12).map(|index| format!("n{index}")).collect();
            let mut nodes: Vec<PlanNode<'_>> = ids.iter().map(|id| node(id, &[], 1)).collect();
            // Edges point from a higher to a lower index: no cycle by construction.
            for (a, b) in edges {
                if a != b {
                    nodes[a.max(b)].deps.push(&ids[a.min(b)]);
                }
            }
            let schedule = Plan::new(&Allocator::new(), &nodes).unwrap().schedule().unwrap();
            let place = |index: usize| schedule.order.iter().position(|&at| at == index).unwrap();
            for (index, node) in nodes.iter().enumerate() {
                for dep in &node.deps {
                    let dep = ids.iter().position(|id| id == dep).unwrap();
                    prop_assert!(place(dep) < place(index));
                }
            }
        }
    }
}
