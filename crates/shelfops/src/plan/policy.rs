//! Whom a plan asks, by what it does and where; and who counts as a person.
//!
//! | | development | staging | production |
//! |---|---|---|---|
//! | additive | nobody | a person | a person |
//! | heavy | nobody | a person | a person |
//! | destructive | a person | a person | another person than its author |

use std::io::IsTerminal as _;

use shelfops_advisor::drift::Weight;
use shelfops_db::models::Plan;

use super::Environment;
use crate::ops::{Context, OpError, Principal};

/// Whom a plan asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// It is approved when it is made.
    Nobody,
    /// Anybody who is a person.
    Person,
    /// A person who did not make it.
    AnotherPerson,
}

/// Says whom a plan asks.
pub(crate) const fn consent(effect: Weight, environment: Environment) -> Consent {
    match (effect, environment) {
        (Weight::Light | Weight::Heavy, Environment::Development) => Consent::Nobody,
        (Weight::Destroys, Environment::Production) => Consent::AnotherPerson,
        _ => Consent::Person,
    }
}

/// Says whom a plan that is kept asks. What is not understood asks the most.
pub(crate) fn consent_to(plan: &Plan) -> Consent {
    let effect = match plan.effect.as_str() {
        "additive" => Weight::Light,
        "heavy" => Weight::Heavy,
        _ => Weight::Destroys,
    };
    consent(effect, plan.environment.parse().unwrap_or(Environment::Production))
}

/// Returns who approves: a person at a terminal. Nobody else can be told from a program.
///
/// # Errors
/// Refuses keys, jobs and programs that call this one, whatever they may do besides.
pub(crate) fn approver(context: &Context) -> Result<String, OpError> {
    match context.principal() {
        Principal::Terminal { .. } if std::io::stdin().is_terminal() => {
            Ok(context.principal().to_string())
        }
        Principal::Terminal { .. } => Err(OpError::approval_needed(
            "a plan is approved by a person: run this on a terminal, not from a program",
        )),
        Principal::Operator | Principal::ApiKey { .. } => Err(OpError::forbidden(
            "a plan is approved by a person, and a key may be a program's: run `shelfops plan \
             approve` on a terminal",
        )),
    }
}

/// Returns how the worst of a plan's steps is called as a class.
pub(super) const fn effect_name(effect: Weight) -> &'static str {
    match effect {
        Weight::Light => "additive",
        Weight::Heavy => "heavy",
        Weight::Destroys => "destructive",
    }
}

/// Returns how a step's cost is called.
pub(super) const fn weight_name(weight: Weight) -> &'static str {
    match weight {
        Weight::Light => "light",
        Weight::Heavy => "heavy",
        Weight::Destroys => "destroys",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_lost_the_more_people_are_asked() {
        use Environment::{Development, Production, Staging};
        let asked = |effect| [Development, Staging, Production].map(|it| consent(effect, it));
        let (nobody, person) = (Consent::Nobody, Consent::Person);
        assert_eq!(asked(Weight::Light), [nobody, person, person]);
        assert_eq!(asked(Weight::Heavy), [nobody, person, person]);
        assert_eq!(asked(Weight::Destroys), [person, person, Consent::AnotherPerson]);
    }
}
