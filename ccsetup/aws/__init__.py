"""Everything that calls AWS: boto3's sessions and clients, STS, IAM, CodeCommit, and explanations of AWS's errors.

Not here: the AWS files (`awsfiles`), git (`git`), and questions (`access`, `wizard`).
"""
