package com.example;

import io.github.recoverablesecret.RecoverableSecret;
import io.github.recoverablesecret.SecretRecovery;
import java.util.Map;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Mixins;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.ec2.SubnetType;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.lambda.Code;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.Runtime;
import software.amazon.awscdk.services.rds.DatabaseInstance;
import software.amazon.awscdk.services.rds.DatabaseInstanceEngine;
import software.amazon.awscdk.services.rds.PostgresEngineVersion;
import software.amazon.awscdk.services.rds.PostgresInstanceEngineProps;
import software.constructs.Construct;

public class ShopStack extends Stack {
    public ShopStack(final Construct scope, final String id) {
        super(scope, id);

        // A secret of your own: RecoverableSecret in place of secretsmanager.Secret.
        RecoverableSecret apiKey = RecoverableSecret.Builder.create(this, "ApiKey")
                .secretName("shop/api-key")
                .recoveryWindow(Duration.days(14))
                .build();

        // A secret that another construct makes: apply the mixin to that construct.
        DatabaseInstance database = DatabaseInstance.Builder.create(this, "Database")
                .engine(DatabaseInstanceEngine.postgres(PostgresInstanceEngineProps.builder()
                        .version(PostgresEngineVersion.VER_16)
                        .build()))
                .vpc(Vpc.Builder.create(this, "Vpc").natGateways(0).build())
                .vpcSubnets(SubnetSelection.builder().subnetType(SubnetType.PRIVATE_ISOLATED).build())
                .storageEncrypted(true)
                .build();
        Mixins.of(database).apply(SecretRecovery.Builder.create().recoveryWindow(Duration.days(30)).build());

        // Grants work as with any other secret.
        Function orders = Function.Builder.create(this, "Orders")
                .runtime(Runtime.NODEJS_22_X)
                .handler("index.handler")
                .code(Code.fromInline("exports.handler = async () => {};"))
                .environment(Map.of("API_KEY_ARN", apiKey.getSecretArn()))
                .build();
        apiKey.grantRead(orders);
        database.getSecret().grantRead(orders);
    }
}
