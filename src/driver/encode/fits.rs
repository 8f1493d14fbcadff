//! Whether all that a generator can give fits a type: asked before the run, so that no operation fails for it.

use super::{Args, Misfit, Rule};
use crate::driver::types::{PgType, TypeKind};
use crate::param::{Domain, Value};

/// Whether every value of a domain can be bound to a type.
///
/// Every rule of [`Args::value`] holds for a whole interval when it holds for both its ends, so the ends are tried.
///
/// # Errors
/// Names the first value that cannot.
pub fn fits(domain: &Domain, ty: &PgType) -> Result<(), Misfit> {
    let each = |values: &[Value<'_>]| {
        let mut scratch = Args::default();
        values.iter().try_for_each(|value| scratch.value(*value, ty))
    };
    match domain {
        Domain::Null => Ok(()),
        Domain::Bool => each(&[Value::Bool(true)]),
        Domain::Integers { low, high } => each(&[Value::Integer(*low), Value::Integer(*high)]),
        Domain::Reals { low, high } => {
            each(&[*low, *high].map(|value| Value::Real { value, decimals: u8::MAX }))?;
            // Fewer decimals round up: what fits with all of them may carry into one digit more.
            each(&[*low, *high].map(|value| Value::Real { value, decimals: 0 }))
        }
        Domain::Texts(texts) => texts.iter().try_for_each(|text| each(&[Value::Text(text)])),
        Domain::Text { max } => {
            let most = usize::try_from(*max).unwrap_or(usize::MAX);
            text_up_to(Some(most), ty)
                .map_err(|rule| misfit(format!("random text of up to {max} characters"), ty, rule))
        }
        Domain::Json => match ty.base().kind {
            TypeKind::Json | TypeKind::Jsonb => Ok(()),
            _ => text_up_to(None, ty).map_err(|rule| misfit("a JSON object".to_owned(), ty, rule)),
        },
        Domain::Uuid => each(&[Value::Uuid([0; 16])]),
        Domain::Timestamp => each(&[Value::TimestampUs(0)]),
    }
}

/// Whether any text of that length fits (`None`: of any length).
fn text_up_to(length: Option<usize>, ty: &PgType) -> Result<(), Rule> {
    let base = ty.base();
    match base.kind {
        TypeKind::Bytea => Ok(()),
        TypeKind::Text => match base.text_limit() {
            Some(most) if length.is_none_or(|length| length > most) => {
                Err(format!("it takes at most {most} characters").into())
            }
            _ => Ok(()),
        },
        _ => Err("it takes other values than any text".into()),
    }
}

fn misfit(value: String, ty: &PgType, rule: Rule) -> Misfit {
    Misfit { value, ty: ty.to_string(), rule: rule.into_owned() }
}
