//! Days and dates of the whole range that the server has: 4713 BC to the year 5874897 (the calendar library ends with 9999).

/// Days from 0000-03-01 to 2000-01-01 in the Gregorian calendar.
const EPOCH_DAYS: i64 = 730_425;
/// Days of 400 years, after which everything repeats.
const ERA_DAYS: i64 = 146_097;

/// Year (0 is 1 BC), month and day of a number of days since 2000-01-01.
pub(super) fn date(days: i64) -> (i64, u8, u8) {
    let days = days + EPOCH_DAYS;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    // A year begins with March, so that the leap day is its last.
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, is_next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    // Both are small by their computation.
    (era * 400 + year_of_era + is_next, month as u8, day as u8)
}

/// Days since 2000-01-01; `None` when month or day is none.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_DAYS)
}

#[cfg(test)]
mod tests {
    use super::{date, days};
    use jiff::civil;
    use proptest::prelude::*;

    #[test]
    fn well_known_days() {
        assert_eq!(date(0), (2000, 1, 1));
        assert_eq!(date(59), (2000, 2, 29));
        assert_eq!(date(-10_957), (1970, 1, 1));
        // The first day of the server, 4714-11-24 BC, and its last.
        assert_eq!(date(-2_451_545), (-4713, 11, 24));
        assert_eq!(date(2_145_031_948), (5_874_897, 12, 31));
        assert_eq!((days(2000, 13, 1), days(2000, 1, 0)), (None, None));
    }

    proptest! {
        #[test]
        fn both_ways_agree_with_each_other_and_with_the_library(at in -2_451_545_i64..2_145_031_949) {
            let (year, month, day) = date(at);
            prop_assert_eq!(days(year, month.into(), day.into()), Some(at));
            if let Ok(year) = i16::try_from(year)
                && let Ok(known) = civil::Date::new(year, i8::try_from(month).unwrap(), i8::try_from(day).unwrap())
            {
                let since = (known - civil::date(2000, 1, 1)).get_days();
                prop_assert_eq!(i64::from(since), at);
            }
        }
    }
}
