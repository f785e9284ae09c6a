"""What each error of the drivers is, as judged one by one: a class that a new version brings is missing here.

Names of classes, apart by white space.
"""

from service.pipeline.failure import Kind

ASYNCPG = {
    Kind.CONNECTION: """
        ActiveSQLTransactionError BranchTransactionAlreadyActiveError ClientCannotConnectError
        ConnectionDoesNotExistError ConnectionFailureError ConnectionRejectionError
        HeldCursorRequiresSameIsolationLevelError InFailedSQLTransactionError
        InappropriateAccessModeForBranchTransactionError
        InappropriateIsolationLevelForBranchTransactionError InterfaceError InternalClientError
        InvalidTransactionStateError NoActiveSQLTransactionError
        NoActiveSQLTransactionForBranchTransactionError PostgresConnectionError ProtocolError
        ProtocolViolationError SchemaAndDataStatementMixingNotSupportedError
        TransactionResolutionUnknownError
    """,
    Kind.STARTING: """
        AdminShutdownError CannotConnectNowError CrashShutdownError DatabaseDroppedError
        OperatorInterventionError
    """,
    Kind.TIMEOUT: """
        IdleInTransactionSessionTimeoutError IdleSessionTimeoutError QueryCanceledError
        TransactionTimeoutError
    """,
    Kind.CONFLICT: """
        CantChangeRuntimeParamError DeadlockDetectedError ForeignKeyViolationError
        LockNotAvailableError ObjectInUseError ObjectNotInPrerequisiteStateError
        RestrictViolationError SerializationError SnapshotTooOldError
        StatementCompletionUnknownError TransactionIntegrityConstraintViolationError
        TransactionRollbackError UniqueViolationError UnsafeNewEnumValueUsageError
    """,
    Kind.READ_ONLY: """
        ReadOnlySQLTransactionError TargetServerAttributeNotMatched
    """,
    Kind.DISK: """
        DiskFullError
    """,
    Kind.CONNECTIONS: """
        TooManyConnectionsError
    """,
    Kind.MEMORY: """
        OutOfMemoryError
    """,
    Kind.ACCESS: """
        InsufficientPrivilegeError InvalidAuthorizationSpecificationError InvalidGrantOperationError
        InvalidGrantorError InvalidPasswordError InvalidRoleSpecificationError
    """,
    Kind.SETUP: """
        AmbiguousAliasError AmbiguousColumnError AmbiguousFunctionError AmbiguousParameterError
        CannotCoerceError ClientConfigurationError CollationMismatchError ConfigFileError
        DatatypeMismatchError DependentObjectsStillExistError
        DependentPrivilegeDescriptorsStillExistError DuplicateAliasError DuplicateColumnError
        DuplicateCursorError DuplicateDatabaseError DuplicateFunctionError DuplicateObjectError
        DuplicatePreparedStatementError DuplicateSchemaError DuplicateTableError
        FeatureNotSupportedError GeneratedAlwaysError GroupingError IndeterminateCollationError
        IndeterminateDatatypeError InvalidCachedStatementError InvalidCatalogNameError
        InvalidColumnDefinitionError InvalidColumnReferenceError InvalidCursorDefinitionError
        InvalidCursorNameError InvalidCursorStateError InvalidDatabaseDefinitionError
        InvalidForeignKeyError InvalidFunctionDefinitionError InvalidNameError
        InvalidObjectDefinitionError InvalidPreparedStatementDefinitionError InvalidRecursionError
        InvalidSQLStatementNameError InvalidSavepointSpecificationError InvalidSchemaDefinitionError
        InvalidSchemaNameError InvalidTableDefinitionError LockFileExistsError NameTooLongError
        OutdatedSchemaCacheError PostgresSyntaxError ReservedNameError SavepointError
        SyntaxOrAccessError UndefinedColumnError UndefinedFunctionError UndefinedObjectError
        UndefinedParameterError UndefinedTableError UnsupportedClientFeatureError
        UnsupportedServerFeatureError WindowingError WrongObjectTypeError
    """,
    Kind.SERVER: """
        ConfigurationLimitExceededError DataCorruptedError DuplicateFileError
        FDWColumnNameNotFoundError FDWDynamicParameterValueNeededError FDWError
        FDWFunctionSequenceError FDWInconsistentDescriptorInformationError
        FDWInvalidAttributeValueError FDWInvalidColumnNameError FDWInvalidColumnNumberError
        FDWInvalidDataTypeDescriptorsError FDWInvalidDataTypeError
        FDWInvalidDescriptorFieldIdentifierError FDWInvalidHandleError FDWInvalidOptionIndexError
        FDWInvalidOptionNameError FDWInvalidStringFormatError
        FDWInvalidStringLengthOrBufferLengthError FDWInvalidUseOfNullPointerError FDWNoSchemasError
        FDWOptionNameNotFoundError FDWOutOfMemoryError FDWReplyHandleError FDWSchemaNotFoundError
        FDWTableNotFoundError FDWTooManyHandlesError FDWUnableToCreateExecutionError
        FDWUnableToCreateReplyError FDWUnableToEstablishConnectionError FileNameTooLongError
        IndexCorruptedError InsufficientResourcesError InternalServerError PostgresIOError
        PostgresSystemError UndefinedFileError
    """,
    Kind.VALUE: """
        ArraySubscriptError AssertError BadCopyFileFormatError CardinalityViolationError
        CaseNotFoundError CharacterNotInRepertoireError CheckViolationError
        ContainingSQLNotPermittedError DataError DatetimeFieldOverflowError DiagnosticsError
        DivisionByZeroError DuplicateJsonObjectKeyValueError ErrorInAssignmentError
        EscapeCharacterConflictError EventTriggerProtocolViolatedError ExclusionViolationError
        ExternalRoutineError ExternalRoutineInvocationError FatalPostgresError
        FunctionExecutedNoReturnStatementError IndicatorOverflowError
        IntegrityConstraintViolationError IntervalFieldOverflowError
        InvalidArgumentForLogarithmError InvalidArgumentForNthValueFunctionError
        InvalidArgumentForNtileFunctionError InvalidArgumentForPowerFunctionError
        InvalidArgumentForSQLJsonDatetimeFunctionError InvalidArgumentForWidthBucketFunctionError
        InvalidArgumentForXqueryError InvalidBinaryRepresentationError
        InvalidCharacterValueForCastError InvalidDatetimeFormatError InvalidEscapeCharacterError
        InvalidEscapeOctetError InvalidEscapeSequenceError InvalidIndicatorParameterValueError
        InvalidJsonTextError InvalidLocatorSpecificationError InvalidParameterValueError
        InvalidPrecedingOrFollowingSizeError InvalidRegularExpressionError
        InvalidRowCountInLimitClauseError InvalidRowCountInResultOffsetClauseError
        InvalidSQLJsonSubscriptError InvalidSqlstateReturnedError InvalidTablesampleArgumentError
        InvalidTablesampleRepeatError InvalidTextRepresentationError
        InvalidTimeZoneDisplacementValueError InvalidTransactionInitiationError
        InvalidTransactionTerminationError InvalidUseOfEscapeCharacterError InvalidXmlCommentError
        InvalidXmlContentError InvalidXmlDocumentError InvalidXmlProcessingInstructionError
        LocatorError ModifyingExternalRoutineSQLDataNotPermittedError
        ModifyingSQLDataNotPermittedError MoreThanOneSQLJsonItemError MostSpecificTypeMismatchError
        NoDataFoundError NoSQLJsonItemError NonNumericSQLJsonItemError
        NonUniqueKeysInAJsonObjectError NonstandardUseOfEscapeCharacterError NotAnXmlDocumentError
        NotNullViolationError NullValueInExternalRoutineNotAllowedError
        NullValueNoIndicatorParameterError NullValueNotAllowedError NumericValueOutOfRangeError
        PLPGSQLError PostgresError PostgresFloatingPointError ProgramLimitExceededError
        ProhibitedExternalRoutineSQLStatementAttemptedError ProhibitedSQLStatementAttemptedError
        RaiseError ReadingExternalRoutineSQLDataNotPermittedError ReadingSQLDataNotPermittedError
        SQLJsonArrayNotFoundError SQLJsonItemCannotBeCastToTargetTypeError
        SQLJsonMemberNotFoundError SQLJsonNumberNotFoundError SQLJsonObjectNotFoundError
        SQLJsonScalarRequiredError SQLRoutineError SQLStatementNotYetCompleteError
        SequenceGeneratorLimitExceededError SingletonSQLJsonItemRequiredError
        SrfProtocolViolatedError StackedDiagnosticsAccessedWithoutActiveHandlerError
        StatementTooComplexError StringDataLengthMismatchError StringDataRightTruncationError
        SubstringError TooManyArgumentsError TooManyColumnsError TooManyJsonArrayElementsError
        TooManyJsonObjectMembersError TooManyRowsError TriggerProtocolViolatedError
        TriggeredActionError TriggeredDataChangeViolationError TrimError UnknownPostgresError
        UnterminatedCStringError UntranslatableCharacterError WithCheckOptionViolationError
        ZeroLengthCharacterStringError
    """,
}
AIOKAFKA = {
    Kind.CONNECTION: """
        Cancelled ConsumerStoppedError CorrelationIdError KafkaConnectionError KafkaProtocolError
        KafkaUnavailableError MetadataEmptyBrokerList NoBrokersAvailable NodeNotReadyError
    """,
    Kind.TIMEOUT: """
        KafkaTimeoutError RequestTimedOutError
    """,
    Kind.DISK: """
        KafkaStorageError LogDirNotFound
    """,
    Kind.ACCESS: """
        AuthenticationFailedError AuthenticationMethodNotSupported ClusterAuthorizationFailedError
        DelegationTokenAuthDisabled DelegationTokenAuthorizationFailed DelegationTokenExpired
        DelegationTokenNotFound DelegationTokenOwnerMismatch DelegationTokenRequestNotAllowed
        GroupAuthorizationFailedError IllegalSaslStateError InvalidPrincipalType
        SaslAuthenticationFailed SecurityDisabled TopicAuthorizationFailedError
        TransactionalIdAuthorizationFailed UnsupportedSaslMechanismError
    """,
    Kind.SETUP: """
        IllegalOperation IncompatibleBrokerVersion InconsistentGroupProtocolError
        InvalidConfigurationError InvalidGroupIdError InvalidSessionTimeoutError
        InvalidTimestampError InvalidTopicError KafkaConfigurationError MessageSizeTooLargeError
        PolicyViolationError RecordListTooLargeError RecordTooLargeError
        UnknownTopicOrPartitionError UnrecognizedBrokerVersion UnsupportedCodecError
        UnsupportedForMessageFormatError UnsupportedVersionError
    """,
    Kind.BROKER: """
        BrokerNotAvailableError BrokerResponseError ConcurrentTransactions
        CoordinatorLoadInProgressError CoordinatorNotAvailableError CorruptRecordException
        FetchSessionIdNotFound GroupCoordinatorNotAvailableError GroupIdNotFound
        GroupLoadInProgressError IllegalArgumentError InvalidCommitOffsetSizeError
        InvalidFetchRequestError InvalidFetchSessionEpoch InvalidMessageError InvalidPartitionsError
        InvalidReplicationAssignmentError InvalidReplicationFactorError InvalidRequestError
        InvalidRequiredAcksError InvalidTransactionTimeout InvalidTxnState KafkaError
        LeaderNotAvailableError ListenerNotFound MemberIdRequired NoError NoOffsetForPartitionError
        NonEmptyGroup NotControllerError NotCoordinatorError NotCoordinatorForGroupError
        NotEnoughReplicasAfterAppendError NotEnoughReplicasError NotLeaderForPartitionError
        OffsetMetadataTooLargeError OffsetOutOfRangeError OperationNotAttempted QuotaViolationError
        ReassignmentInProgress ReplicaNotAvailableError StaleControllerEpochError
        StaleLeaderEpochCodeError StaleMetadata TooManyInFlightRequests TopicAlreadyExistsError
        TransactionCoordinatorFenced UnknownError
    """,
    Kind.PRODUCER: """
        DuplicateSequenceNumber InvalidProducerEpoch InvalidProducerIdMapping
        OutOfOrderSequenceNumber ProducerClosed ProducerFenced UnknownProducerId
    """,
    Kind.FENCED: """
        CommitFailedError IllegalGenerationError IllegalStateError RebalanceInProgressError
        UnknownMemberIdError
    """,
}
