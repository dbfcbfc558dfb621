//! What can be wrong with a mapping, alone or against the columns of a file.

use std::path::PathBuf;

use shelfops_ingest::Stream;

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The mapping file cannot be read.
    #[error("could not read the mapping {path}: name a TOML file or one of {builtin}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The names of the mappings that come with the program.
        builtin: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is no TOML, or a value has the wrong type.
    #[error("the mapping cannot be understood: {}", .0.to_string().trim_end())]
    Syntax(Box<toml::de::Error>),
    /// No setting has that name.
    #[error("the mapping has no setting '{setting}'{hint} It knows {known}")]
    UnknownSetting {
        /// The unknown name.
        setting: String,
        /// The nearest known name, worded.
        hint: String,
        /// The known names.
        known: String,
    },
    /// `[columns]` names a field that the stream's records do not have.
    #[error(
        "[columns] names '{field}', which is no field of {stream}{hint} The fields are {known}"
    )]
    UnknownField {
        /// The unknown name.
        field: String,
        /// The stream.
        stream: Stream,
        /// The nearest field, worded.
        hint: String,
        /// The fields.
        known: String,
    },
    /// A mapped column is not in the file.
    #[error(
        "{field} is mapped to the column '{column}', which the file lacks{hint} Found: {found}"
    )]
    NoSuchColumn {
        /// The field.
        field: String,
        /// The column.
        column: String,
        /// The nearest column, worded.
        hint: String,
        /// The columns of the file.
        found: String,
    },
    /// More than one column of the file has the name that a field is read from.
    #[error(
        "{field} would be read from '{column}', but the header says that more than once: map it \
         to one of {choices}"
    )]
    AmbiguousColumn {
        /// The field.
        field: String,
        /// The name that several columns share.
        column: String,
        /// The names that tell them apart.
        choices: String,
    },
    /// A mapped column holds something that is no single value.
    #[error("{field} is mapped to the column '{column}', which holds {what}: map another column")]
    UnusableColumn {
        /// The field.
        field: String,
        /// The column.
        column: String,
        /// What it holds.
        what: String,
    },
    /// Required fields are neither mapped nor found.
    #[error("{0}")]
    MissingFields(Box<MissingFields>),
}

/// The required fields that no column fills, and what to do about it.
#[derive(Debug)]
pub struct MissingFields {
    /// The stream that wants them.
    pub stream: Stream,
    /// Each missing field and its meaning.
    pub fields: Vec<(&'static str, &'static str)>,
    /// The columns of the file, for a message.
    pub found: String,
    /// A better guess at what is wrong than a wrong mapping, such as another delimiter.
    pub advice: Option<String>,
}

impl std::fmt::Display for MissingFields {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| *name).collect();
        write!(
            formatter,
            "no column is known for {} of {}. Columns found: {}. ",
            names.join(", "),
            self.stream,
            self.found
        )?;
        if let Some(advice) = &self.advice {
            return formatter.write_str(advice);
        }
        formatter.write_str("Say in a mapping where they stand:\n[columns]")?;
        for (name, meaning) in &self.fields {
            let example = if *name == "currency" {
                "{ constant = \"USD\" }"
            } else {
                "\"name of the column\""
            };
            write!(formatter, "\n{name} = {example}  # {meaning}")?;
        }
        Ok(())
    }
}
