//! Agent plans: which step waits for which.
use convergio_core::{Allocator, Plan, PlanNode};
use convergio_wire::{ErrorCode, Failure};
use serde::{Deserialize, Serialize};

use crate::route;

/// A plan as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentPlan {
    /// The steps, in any order.
    pub steps: Vec<AgentStep>,
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentStep {
    /// Unique, not empty.
    pub id: String,
    /// Ids of the steps it waits for.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Expected duration.
    #[serde(default)]
    pub duration_ms: u64,
}

/// When each step may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentSchedule {
    /// Ids, every step after all it waits for.
    pub order: Vec<String>,
    /// The chain that decides how soon the plan can end.
    pub critical_path: Vec<String>,
    /// The sum of that chain's durations.
    pub total_ms: u64,
}

pub(crate) fn schedule(plan: &AgentPlan, allocator: &Allocator) -> Result<AgentSchedule, Failure> {
    let nodes: Vec<PlanNode<'_>> = plan
        .steps
        .iter()
        .map(|step| PlanNode {
            id: &step.id,
            deps: step.needs.iter().map(String::as_str).collect(),
            duration_ms: step.duration_ms,
        })
        .collect();
    let name = |index: usize| plan.steps.get(index).map_or("", |step| step.id.as_str());
    let refused = |error: convergio_core::Error, cycle: &[usize]| {
        let mut failure = route::failure(error, Some("steps"));
        if !cycle.is_empty() {
            let members: Vec<_> = cycle.iter().map(|&index| name(index)).collect();
            failure.message = format!("{}: {}", failure.message, members.join(" -> "));
        } else if failure.code == ErrorCode::RequestInvalid && error.offset < plan.steps.len() {
            failure.message = format!("step \"{}\": {}", name(error.offset), failure.message);
        }
        failure
    };
    let plan =
        Plan::new(allocator, &nodes).map_err(|problem| refused(problem.error, &problem.cycle))?;
    let schedule = plan.schedule().map_err(|error| refused(error, &[]))?;
    let names = |indexes: &[usize]| indexes.iter().map(|&index| name(index).to_owned()).collect();
    Ok(AgentSchedule {
        order: names(&schedule.order),
        critical_path: names(&schedule.critical_path),
        total_ms: schedule.total_ms,
    })
}
