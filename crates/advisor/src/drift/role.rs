//! Roles that come with a schema, and what was declared of them.
//!
//! They belong to the server: a database that is built beside has those that are there, not those that were
//! declared. So what is declared is told here.

use std::collections::BTreeMap;

use super::schema::{Key, Kind, Object, Schema};

/// A role that comes with a schema. It may log in and is nobody special: no superuser, not outside row security,
/// maker of neither roles nor databases, in no role that is, and without settings but those that it is given.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name, as SQL needs it.
    pub(super) name: String,
    /// Whether it owns the schema.
    pub(super) is_owner: bool,
    settings: BTreeMap<String, String>,
}

impl Role {
    /// A role that works with the schema.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), is_owner: false, settings: BTreeMap::new() }
    }

    /// A role that owns the schema. It may be let make databases, and be in any role that is no superuser.
    pub fn owner(name: &str) -> Self {
        Self { is_owner: true, ..Self::new(name) }
    }

    /// The same, with a setting for its sessions.
    #[must_use]
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.insert(setting.to_owned(), value.to_owned());
        self
    }

    fn key(&self) -> Key {
        Key { kind: Kind::Role, schema: None, relation: None, name: self.name.clone() }
    }
}

impl Schema {
    /// Returns the schema with these roles as they were declared, in place of those that were read.
    #[must_use]
    pub fn with_roles(&self, roles: &[Role]) -> Self {
        let mut schema = self.clone();
        schema.objects.retain(|key, _| key.kind != Kind::Role);
        schema.objects.extend(roles.iter().map(|role| {
            (role.key(), Object { facts: role.settings.clone(), ..Object::default() })
        }));
        schema
    }
}
