//! Roles of the fleet.

use indexmap::IndexMap;
use serde::Serialize;

use base::side::Sides;

/// One role of the fleet.
#[derive(Debug, Clone, Serialize)]
pub struct Role {
    /// The role's name.
    pub name: String,
    /// Instances of the role have this tag …
    pub tag: String,
    /// … with this value.
    pub value: String,
    /// Further EC2 filters, as DescribeInstances takes them.
    pub filters: IndexMap<String, Vec<String>>,
    /// The number of instances wanted on each side.
    pub wanted: Sides<u32>,
    /// Target groups (name or ARN).
    pub target_groups: Sides<Vec<String>>,
    /// Auto Scaling groups (name).
    pub auto_scaling_groups: Sides<Vec<String>>,
}
