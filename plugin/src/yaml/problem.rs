//! Rewords the parser's errors: each names what was found and what belongs there.
//!
//! The parser speaks in terms of YAML's grammar; only rare errors keep its wording.

use granit_parser::ErrorKind;

pub(super) fn sentence(kind: &ErrorKind) -> String {
    let sentence = match kind {
        ErrorKind::UnknownAnchor => {
            "an alias (*) whose anchor (&) is nowhere above it: put it in quotes if it is text"
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return format!("no value starts with {character:?}: put it in quotes if it is text");
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            return format!("unclosed bracket '{open}'");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return format!("'{close}' where the bracket that closes '{open}' is expected");
        }
        ErrorKind::MisplacedFlowCollectionEnd => "a closing bracket that nothing opens",
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => {
            "a list in [ ] goes on with a comma or ends with ]"
        }
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator => {
            "a mapping in { } goes on with a comma or ends with }"
        }
        ErrorKind::UnclosedQuotedScalar => "unclosed quote",
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "text follows the closing quote: put all of it in quotes"
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => {
            "a backslash in double quotes that means nothing: use single quotes, or write it twice"
        }
        ErrorKind::MappingValueNotAllowed => {
            "\": \" where no key can be: check the indentation, or put the value in quotes if the colon belongs to it"
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey => {
            "a key and a colon (\"key: value\") are expected here: check the indentation"
        }
        ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockSequenceEntry => {
            "this line stands in no column of a list or mapping above it: check the indentation"
        }
        ErrorKind::BlockEntryInFlowCollection => {
            "\"- \" starts an item only outside of [ ] and { }"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "\"- \" starts an item only at the beginning of a line"
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => "tabs are no indentation: use spaces",
        ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidFlowScalarIndent => {
            "this line goes on with a text above it: indent it as deep as that text"
        }
        ErrorKind::CommentNotSeparated => "a comment needs a space before its #",
        ErrorKind::RecursionLimitExceeded => "nested too deep",
        other => return other.to_string(),
    };
    sentence.to_owned()
}
