//! The reference pages: one a rule, made from what the rule says of itself.

use super::Severity;
use super::rules::{About, RULES};

/// Returns the pages: file name and Markdown. The first lists the others.
pub fn pages() -> Vec<(String, String)> {
    let mut listed: Vec<&About> = RULES.iter().map(|rule| rule.about()).collect();
    listed.extend(super::about_files());
    let mut index = String::from(
        "# Lint rules\n\nGenerated from the program by `cargo x docs`. `shelfops migrate lint` judges \
         migrations by them; an error means exit code 3. A finding that is meant is allowed by a \
         comment above the statement, with its reason:\n\n```sql\n-- shelfops:allow drop-column \
         because no release since May reads it\nalter table orders drop column note;\n```\n\n\
         | rule | severity | finds |\n|---|---|---|\n",
    );
    for about in &listed {
        let name = about.name;
        index.push_str(&format!(
            "| [{name}]({name}.md) | {} | {} |\n",
            about.severity, about.summary
        ));
    }
    let mut pages = vec![("README.md".to_owned(), index)];
    pages.extend(listed.iter().map(|about| (format!("{}.md", about.name), page(about))));
    pages
}

fn page(about: &About) -> String {
    let severity = match about.severity {
        Severity::Error => "error: `migrate lint` ends with exit code 3",
        Severity::Warning => "warning: somebody should look",
        Severity::Note => "note: worth knowing, nothing has to change",
    };
    let given = if about.given.is_empty() {
        String::new()
    } else {
        format!("Where this is there:\n\n```sql\n{}\n```\n\n", about.given.trim())
    };
    format!(
        "# {}\n\nGenerated from the program by `cargo x docs`.\n\n{}\n\n- Severity: {severity}\n\n\
         ## Why\n\n{}\n\n## What to do\n\n{}\n\n{given}Found:\n\n```sql\n{}\n```\n\nInstead:\n\n\
         ```sql\n{}\n```\n",
        about.name,
        about.summary,
        about.why,
        sentence(about.remedy),
        about.bad.trim(),
        about.good.trim(),
    )
}

/// Makes a clause a sentence.
fn sentence(clause: &str) -> String {
    let mut characters = clause.chars();
    let Some(first) = characters.next() else { return String::new() };
    let begun = if clause.starts_with('`') {
        clause.to_owned()
    } else {
        first.to_uppercase().chain(characters).collect()
    };
    if begun.ends_with('.') { begun } else { format!("{begun}.") }
}
