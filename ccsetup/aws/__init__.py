"""What speaks to AWS: boto3's sessions and clients, STS, IAM, CodeCommit, and AWS's errors in plain words.

Not here: the AWS files (`awsfiles`), git (`git`), and what a person is asked (`access`, `wizard`).
"""
