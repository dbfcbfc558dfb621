//! Reads a request's JSON, and says what is wrong with it the way the vendor does.

use serde_json::Value;

use super::ApiError;
use crate::square::moment::Moment;

/// An object of a request, and where it is in there.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'v> {
    value: Option<&'v Value>,
    path: String,
}

impl<'v> Fields<'v> {
    /// Takes the body of a request, which must be an object.
    pub(crate) fn of(value: &'v Value) -> Result<Self, ApiError> {
        if value.is_object() {
            return Ok(Self { value: Some(value), path: String::new() });
        }
        Err(ApiError::invalid("EXPECTED_OBJECT", "The body must be an object.", None))
    }

    /// Returns the path of a field.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Whether there is such a field at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns an object inside; one that is missing has no fields.
    pub(crate) fn object(&self, name: &str) -> Result<Self, ApiError> {
        let path = self.path(name);
        match self.get(name) {
            None => Ok(Self { value: None, path }),
            Some(value) if value.is_object() => Ok(Self { value: Some(value), path }),
            Some(_) => Err(self.expected("EXPECTED_OBJECT", "an object", name)),
        }
    }

    /// Returns a text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'v str>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.expected("EXPECTED_STRING", "a string", name))
    }

    /// Returns a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<&'v str>>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let expected = || self.expected("EXPECTED_ARRAY", "an array of strings", name);
        let items = value.as_array().ok_or_else(expected)?;
        items.iter().map(Value::as_str).collect::<Option<_>>().map(Some).ok_or_else(expected)
    }

    /// Returns a whole number.
    pub(crate) fn whole(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value
            .as_i64()
            .map(Some)
            .ok_or_else(|| self.expected("EXPECTED_INTEGER", "an integer", name))
    }

    /// Returns a truth.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        let Some(value) = self.get(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.expected("EXPECTED_BOOLEAN", "a boolean", name))
    }

    /// Returns a time.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<Moment>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let invalid = || {
            let detail = "Must be an RFC 3339 time.";
            ApiError::invalid("INVALID_TIME", detail, Some(&self.path(name)))
        };
        Moment::parse(text).map(Some).ok_or_else(invalid)
    }

    /// Returns a list of texts that has at most so many; none at all is an empty one.
    pub(crate) fn texts_up_to(&self, name: &str, most: usize) -> Result<Vec<&'v str>, ApiError> {
        let texts = self.texts(name)?.unwrap_or_default();
        if texts.len() > most {
            let detail = format!("At most {most} values are allowed.");
            let field = self.path(name);
            return Err(ApiError::invalid("ARRAY_LENGTH_TOO_LONG", &detail, Some(&field)));
        }
        Ok(texts)
    }

    /// Returns how many records a page has: `default`, or what is asked for within `1..=most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        let Some(limit) = self.whole("limit")? else { return Ok(default) };
        usize::try_from(limit).ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
            let detail = format!("Must be from 1 to {most}.");
            ApiError::invalid("INVALID_VALUE", &detail, Some(&self.path("limit")))
        })
    }

    fn get(&self, name: &str) -> Option<&'v Value> {
        self.value?.get(name).filter(|value| !value.is_null())
    }

    fn expected(&self, code: &'static str, what: &str, name: &str) -> ApiError {
        ApiError::invalid(code, &format!("Expected {what}."), Some(&self.path(name)))
    }
}
