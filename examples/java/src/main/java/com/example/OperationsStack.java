package com.example;

import io.github.recoverablesecret.SecretDeletionMonitor;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.sns.subscriptions.EmailSubscription;
import software.constructs.Construct;

/** Stays when the shop goes: says who still needs a secret that is scheduled for deletion. */
public class OperationsStack extends Stack {
    public OperationsStack(final Construct scope, final String id) {
        super(scope, id);

        SecretDeletionMonitor monitor = new SecretDeletionMonitor(this, "SecretDeletionMonitor");
        monitor.getTopic().addSubscription(new EmailSubscription("operations@example.com"));
    }
}
