//! Bodies of sign-in and of two-step acts, as the OpenAPI document shows them.

#![expect(dead_code, reason = "only their schemas are used")]

use utoipa::ToSchema;

/// Name, password and code.
#[derive(ToSchema)]
pub(crate) struct PasswordDto {
    #[schema(max_length = 64)]
    name: String,
    #[schema(max_length = 128)]
    password: String,
    /// Six digits of the second factor, if the account has one.
    #[schema(max_length = 6)]
    code: Option<String>,
}

/// The one-time secret of an account and the password it shall have.
#[derive(ToSchema)]
pub(crate) struct SetUpDto {
    #[schema(max_length = 128)]
    secret: String,
    /// 12 to 128 characters, without the name in it.
    #[schema(max_length = 128)]
    password: String,
    /// Six digits of the second factor that the call without them gave, where a role needs one.
    #[schema(max_length = 6)]
    code: Option<String>,
}

/// Password and code to be given a new second factor, or a code of the new one to switch it on.
#[derive(ToSchema)]
pub(crate) struct SecondFactorDto {
    #[schema(max_length = 128)]
    password: Option<String>,
    /// Of the second factor one has.
    #[schema(max_length = 6)]
    code: Option<String>,
    /// Of the new one; then nothing else.
    #[schema(max_length = 6)]
    new_code: Option<String>,
}

/// Password and code again, of whoever takes the second step.
#[derive(ToSchema)]
pub(crate) struct ProofDto {
    #[schema(max_length = 128)]
    password: String,
    #[schema(max_length = 6)]
    code: Option<String>,
}

/// The password one has, the code of the second factor, and the password one wants.
#[derive(ToSchema)]
pub(crate) struct NewPasswordDto {
    #[schema(max_length = 128)]
    password: String,
    #[schema(max_length = 6)]
    code: Option<String>,
    /// 12 to 128 characters, without the name in it.
    #[schema(max_length = 128)]
    new_password: String,
}

/// An alarm of the status.
#[derive(ToSchema)]
pub(crate) struct AlarmRefDto {
    #[schema(max_length = 64)]
    code: String,
    #[schema(max_length = 32)]
    site: Option<String>,
}

/// A two-step act; which fields it takes depends on the act (docs/operating/identity.md).
#[derive(ToSchema)]
pub(crate) struct TwoStepActDto {
    act: TwoStepWordDto,
    /// Person.
    name: Option<String>,
    /// Token.
    id: Option<String>,
    agency: Option<String>,
    source_system: Option<String>,
    roles: Option<Vec<String>>,
    /// `corridor:request`, `position:write`, `status:read`.
    scopes: Option<Vec<String>>,
    /// SHA-256 of the client certificate that must come with the token, 64 hexadecimal digits.
    certificate_sha256: Option<String>,
    days: Option<u32>,
    /// 1 (highest) to 5.
    priority_ceiling: Option<u8>,
    corridors_max: Option<u32>,
    /// Begins with `https://`.
    url: Option<String>,
    corridor: Option<u32>,
    sites: Option<Vec<String>>,
    lease_s: Option<u32>,
    /// Vehicle of a guard duty.
    vehicle: Option<String>,
    /// Place that a guard duty goes to.
    place: Option<String>,
    /// How long a guard duty may last, 1 to 60.
    minutes: Option<u32>,
}

#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(crate) enum TwoStepWordDto {
    AddPerson,
    DisablePerson,
    MakeToken,
    RevokeToken,
    SetLimits,
    RegisterReply,
    CancelCorridor,
    Flash,
    AllRed,
    GuardDuty,
}
