//! What a group's size is to be.

use domain::step::{Error, Result};
use domain::steps::region::GroupSize;

/// The size in which a group wants as many instances as are needed, or nothing if it wants them already.
///
/// Upwards only: whoever made a bound or the group larger than is needed had a reason. The minimum is raised with the
/// rest, because a scaling policy of a Region without users would take the instances away again before the users come.
///
/// # Errors
/// `Unsafe` when none or more than the limit are needed.
pub fn raised(observed: GroupSize, needed: u32, limit: u32) -> Result<Option<GroupSize>> {
    not_nothing(needed)?;
    if observed.min >= needed && observed.desired >= needed {
        return Ok(None);
    }
    if needed > limit {
        return Err(Error::Unsafe {
            why: format!(
                "{needed} instances are needed and there may be {limit} at most: `max-instances` in the system file. \
                 The group has {observed}"
            ),
        });
    }
    Ok(Some(GroupSize {
        min: observed.min.max(needed),
        desired: observed.desired.max(needed),
        max: observed.max.max(needed),
    }))
}

/// A size that keeps within what a Region may have at most.
pub fn within(size: GroupSize, limit: u32) -> GroupSize {
    GroupSize {
        min: size.min.min(limit),
        desired: size.desired.min(limit),
        max: size.max.min(limit),
    }
}

/// That something is needed: no instances are always there, so they would prove nothing.
///
/// # Errors
/// `Unsafe` for none.
pub fn not_nothing(needed: u32) -> Result<()> {
    if needed == 0 {
        return Err(Error::Unsafe {
            why: "0 instances are needed, it is said, and nobody is served by none (rule 8)".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(min: u32, desired: u32, max: u32) -> GroupSize {
        GroupSize { min, desired, max }
    }

    #[test]
    fn a_group_is_raised_and_never_lowered() {
        let table = [
            // As a standby stands, and as it is to serve.
            (size(1, 1, 4), 6, Some(size(6, 6, 6))),
            (size(0, 0, 0), 6, Some(size(6, 6, 6))),
            (size(2, 2, 12), 6, Some(size(6, 6, 12))),
            // Somebody wants more: that stays.
            (size(2, 8, 20), 6, Some(size(6, 8, 20))),
            (size(8, 8, 20), 6, None),
            // A scaling policy could take them away again.
            (size(2, 6, 12), 6, Some(size(6, 6, 12))),
            (size(6, 6, 6), 6, None),
        ];
        for (observed, needed, wanted) in table {
            assert_eq!(raised(observed, needed, 12), Ok(wanted), "{observed}");
        }
    }

    #[test]
    fn raised_once_is_raised_for_good() {
        for observed in [size(0, 0, 0), size(2, 9, 12), size(5, 5, 5)] {
            let wanted = raised(observed, 6, 12).unwrap().unwrap();
            assert_eq!(raised(wanted, 6, 12), Ok(None), "{observed} to {wanted}");
        }
    }

    #[test]
    fn the_limit_holds_for_what_is_asked_for_and_not_for_what_is_there() {
        assert!(matches!(
            raised(size(2, 2, 20), 13, 12),
            Err(Error::Unsafe { why }) if why.contains("13 instances are needed") && why.contains("max-instances")
        ));
        assert_eq!(raised(size(2, 2, 12), 12, 12), Ok(Some(size(12, 12, 12))));
        assert_eq!(raised(size(13, 13, 20), 13, 12), Ok(None));
    }

    #[test]
    fn nothing_is_never_enough() {
        assert!(matches!(raised(size(6, 6, 6), 0, 12), Err(Error::Unsafe { .. })));
        assert!(matches!(not_nothing(0), Err(Error::Unsafe { .. })));
        assert_eq!(not_nothing(1), Ok(()));
    }

    #[test]
    fn a_size_from_one_region_keeps_the_limit_of_the_other() {
        assert_eq!(within(size(2, 4, 20), 8), size(2, 4, 8));
        assert_eq!(within(size(9, 10, 20), 8), size(8, 8, 8));
    }
}
