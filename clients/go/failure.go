package waprivacy

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	v1 "waprivacy/v1"
)

const (
	domain = "wa-privacy"
	prefix = "ERROR_REASON_"
)

// Failure is what an error says about itself.
type Failure struct {
	Code    codes.Code
	Message string
	// Unspecified when the service did not answer, as when a deadline ended on the way, and for a reason that this
	// client is too old to know: then go by Code and ReasonText.
	Reason     v1.ErrorReason
	ReasonText string
	Metadata   map[string]string
	// When to call again; 0 when it is not said.
	RetryDelay time.Duration
	// What became of each setting of an update; none of other errors.
	Outcomes []*v1.SettingOutcome
	// The settings read back after a failed update; nil when they could not be read.
	Settings *v1.PrivacySettings
	// Which instances failed; nil unless ApplyPrivacySettings did.
	Apply *v1.PrivacyApplyFailure
}

// FailureOf reads the details of an error. It takes the Status of a single instance too, as status.ErrorProto(it).
func FailureOf(err error) Failure {
	told := status.Convert(err)
	failure := Failure{Code: told.Code(), Message: told.Message()}
	for _, detail := range told.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.Domain == domain {
				failure.Reason = v1.ErrorReason(v1.ErrorReason_value[prefix+detail.Reason])
				failure.ReasonText = detail.Reason
				failure.Metadata = detail.Metadata
			}
		case *errdetails.RetryInfo:
			failure.RetryDelay = detail.GetRetryDelay().AsDuration()
		case *v1.PrivacyUpdateFailure:
			failure.Outcomes, failure.Settings = detail.Outcomes, detail.Settings
		case *v1.PrivacyApplyFailure:
			failure.Apply = detail
		}
	}
	return failure
}
