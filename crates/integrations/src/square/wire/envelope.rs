//! A page: one list of objects, perhaps left out when empty, and where the next page begins.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A page, not yet taken apart into objects.
pub(in crate::square) struct Envelope<'a> {
    members: BTreeMap<String, &'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads a page.
    ///
    /// # Errors
    /// Says why it is none, without quoting it.
    pub(in crate::square) fn parse(body: &'a str) -> Result<Self, String> {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(body).map_err(|_| "it is no JSON object".to_owned())?;
        // Errors that can be read have been: a page beside others is not to be trusted.
        let has_errors = members
            .get("errors")
            .is_some_and(|errors| list(errors).is_none_or(|errors| !errors.is_empty()));
        if has_errors {
            return Err("it carries errors that are none we know".to_owned());
        }
        Ok(Self { members })
    }

    /// Returns the objects of the list called `name`.
    ///
    /// # Errors
    /// Refuses a member of that name that is no list, and a page whose list has another name: that
    /// would look like an empty page and skip whatever is on it.
    pub(in crate::square) fn list(&self, name: &str) -> Result<Vec<&'a RawValue>, String> {
        if let Some(member) = self.members.get(name) {
            return list(member).ok_or_else(|| format!("its {name} are no list"));
        }
        let unknown = self
            .members
            .iter()
            .find(|(_, member)| list(member).is_some_and(|objects| !objects.is_empty()));
        match unknown {
            Some((other, _)) => Err(format!("it has no {name} but a list called {other}")),
            None => Ok(Vec::new()),
        }
    }

    /// Returns a member that is text; an empty one is none.
    ///
    /// # Errors
    /// Refuses a member that is something else.
    pub(in crate::square) fn text(&self, name: &str) -> Result<Option<String>, String> {
        let Some(member) = self.members.get(name) else { return Ok(None) };
        let text: Option<String> =
            serde_json::from_str(member.get()).map_err(|_| format!("its {name} is no text"))?;
        Ok(text.filter(|text| !text.is_empty()))
    }
}

/// Reads a list, `null` as an empty one.
fn list(member: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str::<Option<Vec<&RawValue>>>(member.get()).ok().map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_may_be_left_out_or_null() {
        for body in ["{}", r#"{"orders":null}"#, r#"{"orders":[],"more":{"a":1}}"#] {
            assert!(Envelope::parse(body).unwrap().list("orders").unwrap().is_empty(), "{body}");
        }
    }

    #[test]
    fn a_list_under_another_name_is_no_empty_page() {
        let page = Envelope::parse(r#"{"sales":[{"id":"1"}]}"#).unwrap();
        assert_eq!(page.list("orders").unwrap_err(), "it has no orders but a list called sales");
        let page = Envelope::parse(r#"{"orders":{"id":"1"}}"#).unwrap();
        assert_eq!(page.list("orders").unwrap_err(), "its orders are no list");
        assert!(Envelope::parse("[1]").is_err());
        assert!(Envelope::parse(r#"{"errors":"none we know"}"#).is_err());
    }

    #[test]
    fn an_empty_cursor_is_none() {
        for body in ["{}", r#"{"cursor":""}"#, r#"{"cursor":null}"#] {
            assert_eq!(Envelope::parse(body).unwrap().text("cursor").unwrap(), None);
        }
        assert!(Envelope::parse(r#"{"cursor":7}"#).unwrap().text("cursor").is_err());
    }
}
