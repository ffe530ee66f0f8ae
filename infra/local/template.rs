//! Reads `template.yaml` and the nested templates under `infra/` as CloudFormation would: short tags (`!Ref`, `!Sub`, …) become
//! their long form, so that a reader, a test and the deployment all see one plain JSON document. Nothing is evaluated here.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// One template file, as JSON with long-form intrinsic functions.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    path: PathBuf,
    document: Value,
}

/// One entry of a template's `Resources`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resource<'template> {
    /// The logical id.
    pub name: &'template str,
    /// The CloudFormation type, such as `AWS::DynamoDB::Table`.
    pub kind: &'template str,
    /// The whole resource, with `Type`, `Properties`, `Condition`, ….
    pub body: &'template Value,
}

impl<'template> Resource<'template> {
    /// A property by its path, such as `["SSESpecification", "SSEEnabled"]`; `Null` when absent.
    pub fn property(&self, path: &[&str]) -> &'template Value {
        path.iter().fold(&self.body["Properties"], |value, key| &value[*key])
    }
}

impl Template {
    /// Reads and parses a template file. Errors: an unreadable file, YAML that does not parse, an unknown tag.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut template = Self::parse(&text).with_context(|| format!("in {}", path.display()))?;
        template.path = path.to_path_buf();
        Ok(template)
    }

    /// Reads the project's own `template.yaml`.
    pub fn of_project() -> Result<Self> {
        Self::read(&crate::paths::root().join("template.yaml"))
    }

    /// Parses a template from text.
    pub fn parse(text: &str) -> Result<Self> {
        let yaml: yaml_serde::Value = yaml_serde::from_str(text).context("not a YAML document")?;
        Ok(Self { path: PathBuf::new(), document: to_json(&yaml)? })
    }

    /// The whole document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The whole document, to be changed in place (as packaging does).
    pub fn document_mut(&mut self) -> &mut Value {
        &mut self.document
    }

    /// Where the file was read from; empty when it came from text.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All resources, in the order of their names.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.document["Resources"].as_object().into_iter().flatten().map(|(name, body)| Resource {
            name,
            kind: body["Type"].as_str().unwrap_or_default(),
            body,
        })
    }

    /// The resources of one CloudFormation type.
    pub fn resources_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Resource<'a>> {
        self.resources().filter(move |resource| resource.kind == kind)
    }

    /// One resource by its logical id.
    pub fn resource(&self, name: &str) -> Option<Resource<'_>> {
        self.resources().find(|resource| resource.name == name)
    }

    /// The nested templates this one names with a local path, each with the logical id of its stack.
    pub fn nested(&self) -> Result<Vec<(String, Template)>> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut found = Vec::new();
        for stack in self.resources_of("AWS::CloudFormation::Stack") {
            if let Some(path) = local_path(stack.property(&["TemplateURL"])) {
                found.push((stack.name.to_owned(), Template::read(&folder.join(path))?));
            }
        }
        Ok(found)
    }
}

/// A path on this machine, as opposed to a URL or an expression.
pub(crate) fn local_path(value: &Value) -> Option<&str> {
    value.as_str().filter(|path| !path.contains("://"))
}

fn to_json(yaml: &yaml_serde::Value) -> Result<Value> {
    use yaml_serde::Value as Yaml;
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Number(number) => serde_json::to_value(number).context("a number JSON can't hold")?,
        Yaml::String(text) => json!(text),
        Yaml::Sequence(items) => Value::Array(items.iter().map(to_json).collect::<Result<_>>()?),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                object.insert(key_text(key)?, to_json(value)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => long_form(&tagged.tag.to_string(), to_json(&tagged.value)?)?,
    })
}

/// Keys of a template are strings; a bare `404:` or `true:` is meant as text.
fn key_text(key: &yaml_serde::Value) -> Result<String> {
    match key {
        yaml_serde::Value::String(text) => Ok(text.clone()),
        yaml_serde::Value::Number(number) => Ok(number.to_string()),
        yaml_serde::Value::Bool(value) => Ok(value.to_string()),
        other => bail!("a mapping key must be text, not {other:?}"),
    }
}

/// `!Ref X` → `{"Ref": "X"}`, `!GetAtt A.B` → `{"Fn::GetAtt": ["A", "B"]}`, `!Sub …` → `{"Fn::Sub": …}`.
fn long_form(tag: &str, value: Value) -> Result<Value> {
    const FUNCTIONS: [&str; 16] = [
        "Base64",
        "Cidr",
        "And",
        "Equals",
        "If",
        "Not",
        "Or",
        "FindInMap",
        "GetAtt",
        "GetAZs",
        "ImportValue",
        "Join",
        "Select",
        "Split",
        "Sub",
        "Transform",
    ];
    let name = tag.trim_start_matches('!');
    let value = match (name, &value) {
        ("GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((resource, attribute)) => json!([resource, attribute]),
            None => bail!("!GetAtt {path} names no attribute"),
        },
        _ => value,
    };
    match name {
        "Ref" | "Condition" => Ok(json!({ name: value })),
        function if FUNCTIONS.contains(&function) => Ok(json!({ format!("Fn::{function}"): value })),
        other => bail!("!{other} is no CloudFormation function"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_the_long_form_of_cloudformation() {
        let template = Template::parse(
            "Resources:\n  T:\n    Type: X\n    Properties:\n      A: !Ref Stage\n      B: !GetAtt Q.Arn\n      C: !Sub '${A}-b'\n      D: !If [Local, 1, !Ref AWS::NoValue]\n",
        )
        .unwrap();
        let table = template.resource("T").unwrap();
        assert_eq!(*table.property(&["A"]), json!({"Ref": "Stage"}));
        assert_eq!(*table.property(&["B"]), json!({"Fn::GetAtt": ["Q", "Arn"]}));
        assert_eq!(*table.property(&["C"]), json!({"Fn::Sub": "${A}-b"}));
        assert_eq!(*table.property(&["D"]), json!({"Fn::If": ["Local", 1, {"Ref": "AWS::NoValue"}]}));
        assert_eq!(*table.property(&["Missing", "Deep"]), Value::Null);
    }

    #[test]
    fn a_policy_version_stays_text_and_is_no_date() {
        let template =
            Template::parse("Resources: {R: {Type: X, Properties: {Version: 2012-10-17}}}").unwrap();
        assert_eq!(*template.resource("R").unwrap().property(&["Version"]), json!("2012-10-17"));
    }

    #[test]
    fn an_unknown_tag_is_refused_by_name() {
        let error = Template::parse("A: !Reff b").unwrap_err();
        assert!(error.to_string().contains("!Reff"), "{error}");
    }
}
