package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk-recoverable-secret/cdk-recoverable-secret-go/cdkrecoverablesecret"
)

func NewShopStack(scope constructs.Construct, id string) awscdk.Stack {
	stack := awscdk.NewStack(scope, jsii.String(id), nil)

	// A secret of your own: RecoverableSecret in place of secretsmanager.Secret.
	apiKey := cdkrecoverablesecret.NewRecoverableSecret(stack, jsii.String("ApiKey"),
		&cdkrecoverablesecret.RecoverableSecretProps{
			SecretName:     jsii.String("shop/api-key"),
			RecoveryWindow: awscdk.Duration_Days(jsii.Number(14)),
		})

	// A secret that another construct makes: apply the mixin to that construct.
	database := awsrds.NewDatabaseInstance(stack, jsii.String("Database"), &awsrds.DatabaseInstanceProps{
		Engine: awsrds.DatabaseInstanceEngine_Postgres(&awsrds.PostgresInstanceEngineProps{
			Version: awsrds.PostgresEngineVersion_VER_16(),
		}),
		Vpc:              awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{NatGateways: jsii.Number(0)}),
		VpcSubnets:       &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		StorageEncrypted: jsii.Bool(true),
	})
	awscdk.Mixins_Of(database, nil).Apply(
		cdkrecoverablesecret.NewSecretRecovery(&cdkrecoverablesecret.SecretRecoveryProps{
			RecoveryWindow: awscdk.Duration_Days(jsii.Number(30)),
		}))

	// Grants work as with any other secret.
	orders := awslambda.NewFunction(stack, jsii.String("Orders"), &awslambda.FunctionProps{
		Runtime:     awslambda.Runtime_NODEJS_22_X(),
		Handler:     jsii.String("index.handler"),
		Code:        awslambda.Code_FromInline(jsii.String("exports.handler = async () => {};")),
		Environment: &map[string]*string{"API_KEY_ARN": apiKey.SecretArn()},
	})
	apiKey.GrantRead(orders, nil)
	database.Secret().GrantRead(orders, nil)

	return stack
}

// NewOperationsStack stays when the shop goes: it says who still needs a secret that is scheduled for deletion.
func NewOperationsStack(scope constructs.Construct, id string) awscdk.Stack {
	stack := awscdk.NewStack(scope, jsii.String(id), nil)

	monitor := cdkrecoverablesecret.NewSecretDeletionMonitor(stack, jsii.String("SecretDeletionMonitor"), nil)
	monitor.Topic().AddSubscription(
		awssnssubscriptions.NewEmailSubscription(jsii.String("operations@example.com"), nil))

	return stack
}

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	NewShopStack(app, "Shop")
	NewOperationsStack(app, "Operations")
	app.Synth(nil)
}
