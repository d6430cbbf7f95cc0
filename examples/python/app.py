from aws_cdk import (
    App,
    Duration,
    Mixins,
    Stack,
    aws_ec2 as ec2,
    aws_lambda as lambda_,
    aws_rds as rds,
    aws_sns_subscriptions as subscriptions,
)
from cdk_recoverable_secret import RecoverableSecret, SecretDeletionMonitor, SecretRecovery
from constructs import Construct


class ShopStack(Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)

        # A secret of your own: RecoverableSecret in place of secretsmanager.Secret.
        api_key = RecoverableSecret(
            self,
            "ApiKey",
            secret_name="shop/api-key",
            recovery_window=Duration.days(14),
        )

        # A secret that another construct makes: apply the mixin to that construct.
        database = rds.DatabaseInstance(
            self,
            "Database",
            engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_16),
            vpc=ec2.Vpc(self, "Vpc", nat_gateways=0),
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            storage_encrypted=True,
        )
        Mixins.of(database).apply(SecretRecovery(recovery_window=Duration.days(30)))

        # Grants work as with any other secret.
        orders = lambda_.Function(
            self,
            "Orders",
            runtime=lambda_.Runtime.NODEJS_22_X,
            handler="index.handler",
            code=lambda_.Code.from_inline("exports.handler = async () => {};"),
            environment={"API_KEY_ARN": api_key.secret_arn},
        )
        api_key.grant_read(orders)
        database.secret.grant_read(orders)


class OperationsStack(Stack):
    """Stays when the shop goes: says who still needs a secret that is scheduled for deletion."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)

        monitor = SecretDeletionMonitor(self, "SecretDeletionMonitor")
        monitor.topic.add_subscription(subscriptions.EmailSubscription("operations@example.com"))


app = App()
ShopStack(app, "Shop")
OperationsStack(app, "Operations")
app.synth()
