//! Users who are missing in the tenant though nobody said so: few lose access, many are held until
//! somebody decides about exactly them.

mod decision;
mod faults;
mod left_out;
mod place;
mod story;
mod trouble;
